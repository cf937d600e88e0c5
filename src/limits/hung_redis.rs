//! A Redis for tests that greets whoever connects, and then hangs.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Starts one, and gives its URL.
pub(crate) async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4_096];
                while let Ok(length @ 1..) = socket.read(&mut buffer).await {
                    let greetings = String::from_utf8_lossy(&buffer[..length]).matches("SETINFO").count();
                    socket.write_all("+OK\r\n".repeat(greetings).as_bytes()).await.unwrap();
                }
            });
        }
    });
    url
}
