//! Where a relay is, and how it is reached: `smtp://user:pass@host:587?tls=required`, `smtps://…`.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::{TcpStream, lookup_host};
use url::{Host, Url};

use super::cause::Cause;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    /// Not at all: to this machine only.
    Loopback,
    /// STARTTLS (RFC 3207), which the relay must offer.
    StartTls,
    /// TLS from the first byte (RFC 8314 section 3.3).
    Implicit,
}

/// A relay, and what is needed to get in.
#[derive(Clone)]
pub(super) struct Relay {
    host: String,
    port: u16,
    security: Security,
    tls: Option<TlsParameters>,
    credentials: Option<Credentials>,
}

/// Why a relay could not be reached.
pub(super) struct Unreachable {
    /// Stable.
    pub(super) code: String,
    /// What the network or TLS had against it.
    pub(super) cause: Option<Cause>,
}

impl From<&str> for Unreachable {
    fn from(code: &str) -> Self {
        code.to_owned().into()
    }
}

impl From<String> for Unreachable {
    fn from(code: String) -> Self {
        Self { code, cause: None }
    }
}

impl From<lettre::transport::smtp::Error> for Unreachable {
    fn from(error: lettre::transport::smtp::Error) -> Self {
        Self { code: code(&error), cause: Cause::of(&error) }
    }
}

impl From<io::Error> for Unreachable {
    fn from(error: io::Error) -> Self {
        Self { code: "smtp_connection".to_owned(), cause: Cause::of(&error) }
    }
}

impl Relay {
    /// Reads a relay from its URL. The text of the error never holds the password.
    pub(super) fn parse(url: &SecretString) -> Result<Self, String> {
        let url = Url::parse(url.expose_secret()).map_err(|error| format!("not a relay's URL: {error}"))?;
        let host = match url.host() {
            // A scheme that is not http's keeps its host as it was written.
            Some(Host::Domain(name)) => Host::parse(name).map_err(|_| "the host is not a host name")?,
            Some(Host::Ipv4(ip)) => Host::Ipv4(ip),
            Some(Host::Ipv6(ip)) => Host::Ipv6(ip),
            None => return Err("the host is missing".to_owned()),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err("expected smtp://user:password@host:port?tls=required or smtps://…".to_owned());
        }
        let security = security(&url, &host)?;
        let default_port = match security {
            Security::Loopback => 25,
            Security::StartTls => 587,
            Security::Implicit => 465,
        };
        let host = match host {
            Host::Domain(name) => name,
            Host::Ipv4(ip) => ip.to_string(),
            Host::Ipv6(ip) => ip.to_string(),
        };
        let tls = match security {
            Security::Loopback => None,
            Security::StartTls | Security::Implicit => {
                Some(TlsParameters::new(host.clone()).map_err(|_| "TLS cannot be set up")?)
            }
        };
        let credentials = credentials(&url)?;
        Ok(Self { host, port: url.port().unwrap_or(default_port), security, tls, credentials })
    }

    /// Trusts the certificates of `pem` as roots, beside the public ones.
    pub(super) fn trust(&mut self, pem: &[u8]) -> Result<(), String> {
        let root = Certificate::from_pem(pem).map_err(|_| "not a certificate in PEM")?;
        if self.tls.is_some() {
            let tls = TlsParameters::builder(self.host.clone()).add_root_certificate(root);
            self.tls = Some(tls.build().map_err(|_| "not a usable root certificate")?);
        }
        Ok(())
    }

    /// Where it is and how it is reached, for people.
    pub(super) fn place(&self) -> String {
        let Self { host, port, .. } = self;
        let protected = match self.security {
            Security::Loopback => "without TLS",
            Security::StartTls => "with STARTTLS",
            Security::Implicit => "over TLS",
        };
        format!("{host}:{port} {protected}")
    }

    /// Whether it is shown a user and a password.
    pub(super) fn signs_in(&self) -> bool {
        self.credentials.is_some()
    }

    /// A new connection, protected and signed in. `patience` is what one address of the host gets.
    pub(super) async fn connect(&self, patience: Duration) -> Result<AsyncSmtpConnection, Unreachable> {
        let addresses = lookup_host((self.host.as_str(), self.port)).await.map_err(|_| "smtp_dns")?;
        let mut failure = Unreachable::from("smtp_dns");
        for address in addresses {
            match tokio::time::timeout(patience, self.open(address)).await {
                Ok(Ok(mut connection)) => {
                    self.sign_in(&mut connection).await?;
                    return Ok(connection);
                }
                Ok(Err(other)) => failure = other,
                Err(_) => failure = "smtp_timeout".into(),
            }
        }
        Err(failure)
    }

    async fn open(&self, address: SocketAddr) -> Result<AsyncSmtpConnection, Unreachable> {
        let hello = ClientId::default();
        if self.security == Security::Implicit {
            let tls = self.tls.clone();
            return Ok(AsyncSmtpConnection::connect_tokio1(address, None, &hello, tls, None).await?);
        }
        if self.security == Security::Loopback && !address.ip().is_loopback() {
            return Err("smtp_not_loopback".into());
        }
        let stream = TcpStream::connect(address).await?;
        // lettre writes a mail in small pieces: without this each would wait for the relay's delayed ACK.
        stream.set_nodelay(true)?;
        let mut connection = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello).await?;
        if let (Security::StartTls, Some(tls)) = (self.security, &self.tls) {
            if !connection.can_starttls() {
                return Err("smtp_no_starttls".into());
            }
            connection.starttls(tls.clone(), &hello).await?;
        }
        Ok(connection)
    }

    async fn sign_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), Unreachable> {
        let Some(credentials) = &self.credentials else { return Ok(()) };
        match connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await {
            Ok(_) => Ok(()),
            Err(error) if error.status().is_some() => Err(format!("{}_auth", code(&error)).into()),
            Err(error) if error.is_client() => Err("smtp_no_auth".into()),
            Err(error) => Err(error.into()),
        }
    }
}

/// A stable code for what the relay or the network answered; never its text.
pub(super) fn code(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(status) => format!("smtp_{status}"),
        None if error.is_timeout() => "smtp_timeout".to_owned(),
        None if error.is_tls() => "smtp_tls".to_owned(),
        None => "smtp_connection".to_owned(),
    }
}

fn security(url: &Url, host: &Host) -> Result<Security, String> {
    let mut tls = None;
    for (key, value) in url.query_pairs() {
        if key != "tls" || tls.replace(value.into_owned()).is_some() {
            return Err("expected no parameter but tls=required".to_owned());
        }
    }
    let is_loopback = match host {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    };
    match (url.scheme(), tls.as_deref()) {
        ("smtps", None | Some("required")) => Ok(Security::Implicit),
        ("smtp", Some("required")) => Ok(Security::StartTls),
        ("smtp", None) if is_loopback => Ok(Security::Loopback),
        ("smtp", None) => {
            Err("plain SMTP goes to this machine only: add ?tls=required, or use smtps://".to_owned())
        }
        ("smtp" | "smtps", Some(_)) => Err("tls may only be \"required\"".to_owned()),
        _ => Err("expected smtp:// or smtps://".to_owned()),
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, String> {
    let decode = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map(std::borrow::Cow::into_owned)
            .map_err(|_| "user and password must be percent-encoded UTF-8".to_owned())
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) => Err("a password needs a user".to_owned()),
        (_, None) => Err("a user needs a password".to_owned()),
        (user, Some(password)) => Ok(Some(Credentials::new(decode(user)?, decode(password)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Relay, String> {
        Relay::parse(&SecretString::from(url.to_owned()))
    }

    #[test]
    fn a_url_says_where_the_relay_is_and_how_it_is_protected() {
        for (url, host, port, security) in [
            ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, Security::Loopback),
            ("smtp://localhost", "localhost", 25, Security::Loopback),
            ("smtp://[::1]:2525", "::1", 2525, Security::Loopback),
            ("smtp://u:p@mail.example.com?tls=required", "mail.example.com", 587, Security::StartTls),
            ("smtp://127.0.0.1:26?tls=required", "127.0.0.1", 26, Security::StartTls),
            ("smtps://u:p@mail.example.com", "mail.example.com", 465, Security::Implicit),
            ("smtps://u:p@bücher.example:4650/", "xn--bcher-kva.example", 4650, Security::Implicit),
        ] {
            let relay = parse(url).unwrap();

            assert_eq!((relay.host.as_str(), relay.port, relay.security), (host, port, security), "{url}");
            assert_eq!(relay.tls.is_some(), security != Security::Loopback, "{url}");
            assert_eq!(relay.credentials.is_some(), url.contains("u:p@"), "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_that_leads_elsewhere_is_not_followed() {
        let relay = parse("smtp://localhost:25").unwrap();
        let elsewhere = SocketAddr::from(([192, 0, 2, 1], 25));

        let opened = tokio::time::timeout(Duration::from_secs(2), relay.open(elsewhere)).await;

        assert_eq!(opened.unwrap().err().map(|failure| failure.code).as_deref(), Some("smtp_not_loopback"));
    }

    #[test]
    fn user_and_password_are_percent_decoded() {
        let relay = parse("smtps://us%40er:p%2Fa%3Ass%C3%A9@mail.example.com").unwrap();

        assert!(relay.credentials == Some(Credentials::new("us@er".to_owned(), "p/a:ssé".to_owned())));
    }

    #[test]
    fn what_is_unsafe_or_unknown_is_refused_without_telling_the_password() {
        for url in [
            "smtp://user:hunter2@mail.example.com",
            "smtp://user:hunter2@192.0.2.1:25",
            "smtp://user:hunter2@localhost.example.com",
            "smtp://user:hunter2@mail.example.com?tls=opportunistic",
            "smtp://user:hunter2@127.0.0.1?tls=off",
            "smtps://user:hunter2@mail.example.com?tls=required&tls=required",
            "smtps://user:hunter2@mail.example.com?verify=no",
            "smtps://user:hunter2@mail.example.com/path",
            "smtps://:hunter2@mail.example.com",
            "smtps://hunter2@mail.example.com",
            "smtps://user:hunter2%ff@mail.example.com",
            "http://user:hunter2@mail.example.com",
            "smtp://user:hunter2@",
            "smtps://user:hunter2@mail.example.com:99999",
            "hunter2",
            "",
        ] {
            let error = parse(url).err().unwrap_or_else(|| panic!("{url} was taken"));

            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
