//! The connector protects what is to be protected, and trusts nobody but the public roots.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use hyper::{Body, Client, Request};
use hyper_tls::HttpsConnector;
use rcgen::generate_simple_self_signed;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

async fn get(url: String) -> Result<u16, hyper::Error> {
    let client = Client::builder().build::<_, Body>(HttpsConnector::new());
    let request = Request::builder().uri(url).body(Body::empty()).unwrap();
    client.request(request).await.map(|response| response.status().as_u16())
}

#[tokio::test]
async fn http_goes_as_it_is() {
    let (listener, port) = listener().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await.unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    });

    assert_eq!(get(format!("http://127.0.0.1:{port}/")).await.unwrap(), 204);
}

#[tokio::test]
async fn https_to_a_server_that_nobody_vouches_for_is_refused() {
    let (listener, port) = listener().await;
    let certified = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.into()], key)
        .unwrap();
    let handshake = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        TlsAcceptor::from(Arc::new(config)).accept(stream).await.is_ok()
    });

    let refused = get(format!("https://localhost:{port}/")).await.unwrap_err();

    assert!(refused.is_connect(), "{refused}");
    assert!(!handshake.await.unwrap());
}
