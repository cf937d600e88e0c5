//! Requests written byte by byte, for what no decent client sends.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends a whole request and resets the connection at once.
pub(crate) async fn post_and_hang_up(socket: &str, path: &str, body: &str) {
    let mut stream = TcpStream::connect(socket).await.unwrap();
    stream.write_all(post(path, body).as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    stream.set_zero_linger().unwrap();
    // Long enough for the request to be read: what is under test is a caller that leaves while it is judged.
    tokio::time::sleep(Duration::from_millis(2)).await;
}

/// Sends `bytes` and reads until the server closes or `patience` is over; what it said, and whether it closed.
pub(crate) async fn say(socket: &str, bytes: &[u8], patience: Duration) -> (String, bool) {
    let mut stream = TcpStream::connect(socket).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut said = Vec::new();
    let closed = tokio::time::timeout(patience, stream.read_to_end(&mut said)).await.is_ok();
    (String::from_utf8_lossy(&said).into_owned(), closed)
}
