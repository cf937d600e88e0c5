//! Reads the command line and calls the command.

use std::process::ExitCode;

/// Returns memory to the system sooner, and takes it faster, than the C library's allocator. Without huge pages (its feature
/// `no_thp`): those keep whole 2 MiB for what is used in small pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Several crates bring TLS; one provider of cryptography serves them all. It is only refused when there is one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    twostep::cli::run()
}
