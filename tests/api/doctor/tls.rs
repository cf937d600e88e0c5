//! The server's own certificate.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

const URL: &str = "https://login.example.com";

/// A server that shows `certificate` with `key`.
fn serving(certificate: &str, key: &str) -> Installation {
    let installation = installation();
    installation.write("cert.pem", certificate);
    installation.write("key.pem", key);
    let mode = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(installation.folder().join("key.pem"), mode).unwrap();
    installation
        .set("server.public_url", URL)
        .set("server.tls_cert", "cert.pem")
        .set("server.tls_key", "key.pem")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_judged_by_its_dates() {
    for (from, to, status, words) in [
        (-1, 90, "ok", "(89 days)"),
        (-1, 15, "ok", "(14 days)"),
        (-1, 13, "warning", "(12 days)"),
        (-9, -1, "failed", "expired on"),
        (1, 90, "failed", "good only from"),
    ] {
        let (certificate, key) = self_signed("login.example.com", from, to);

        let report = examine(&serving(&certificate, &key));

        report.assert("TLS", status, words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_judged_by_names_key_and_files() {
    let (certificate, key) = self_signed("login.example.com", -1, 90);
    let (wildcard, wildcard_key) = self_signed("*.example.com", -1, 90);
    let (other, _) = self_signed("login.example.com", -1, 90);
    let (strange, strange_key) = self_signed("login.example.org", -1, 90);
    for (certificate, key, status, words) in [
        (&certificate, &key, "ok", "no public authority"),
        (&wildcard, &wildcard_key, "ok", "its key fits"),
        (&other, &key, "failed", "do not belong together"),
        (&strange, &strange_key, "failed", "not for login.example.com"),
        (&String::new(), &key, "failed", "no certificate in PEM"),
        (&certificate, &certificate, "failed", "server.tls_key: cannot read"),
    ] {
        let report = examine(&serving(certificate, key));

        report.assert("TLS", status, words);
        assert!(!report.outcome.stdout.contains("BEGIN"), "{}", report.outcome.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_understood_is_not_repeated() {
    let secret = "c2VjcmV0LXRoYXQtbm9ib2R5LXNlZXM";
    let bytes = format!("{:?}", secret.as_bytes()).replace(['[', ']'], "");
    let (certificate, _) = self_signed("login.example.com", -1, 90);
    for unreadable in [
        format!("-----BEGIN PRIVATE KEY-----\\n{secret}\\n-----END PRIVATE KEY-----\\n"),
        format!("-----BEGIN PRIVATE KEY----- {secret} -----END PRIVATE KEY-----\n"),
    ] {
        for installation in [serving(&certificate, &unreadable), serving(&unreadable, &unreadable)] {
            let report = examine(&installation);
            let start = installation.run(&["serve"]);

            report.assert("TLS", "failed", "is not PEM");
            start.assert_code(1);
            for told in [&report.outcome.stdout, &report.outcome.stderr, &start.stdout, &start.stderr] {
                assert!(!told.contains(secret) && !told.contains(&bytes), "{told}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_does_not_fit_and_a_key_for_everybody_are_warnings() {
    let (certificate, key) = self_signed("login.example.com", -1, 90);
    let installation = serving(&certificate, &key);

    let insecure = examine(&installation.clone_with("server.public_url", "http://login.example.com"));
    let mode = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(installation.folder().join("key.pem"), mode).unwrap();
    let open = examine(&installation);

    insecure.assert("TLS", "warning", "make it https://").outcome.assert_code(0);
    open.assert("TLS", "warning", "chmod o-rwx").outcome.assert_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_the_proxy_is_told() {
    let installation = installation().set("server.public_url", URL);

    let alone = examine(&installation);
    let behind = examine(&installation.clone_with("server.trusted_proxies", r#"["10.0.0.0/8"]"#));

    alone.assert("TLS", "warning", "trusted_proxies");
    behind.assert("TLS", "ok", "comes from 10.0.0.0/8");
}
