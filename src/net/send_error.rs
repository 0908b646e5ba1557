use std::error::Error;
use std::io;

/// In which way no response came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The host name does not exist.
    NameNotFound,
    /// The host name could not be looked up now.
    NameLookup,
    /// The host is there and accepts no connection.
    Refused,
    /// No connection within the time.
    ConnectTimeout,
    /// No way to the host, or the connection ended while it was being made.
    Unreachable,
    /// The server's certificate is signed by an authority that is not trusted.
    UnknownIssuer,
    /// The server's certificate is not valid: expired, for another name, ...
    Certificate,
    /// TLS failed in another way.
    Tls,
    /// The proxy wants a user and password (407).
    ProxyAuthentication,
    /// The proxy answered with this status instead of connecting.
    ProxyRefused(u16),
    /// The connection ended before the whole response came.
    Interrupted,
    /// The server was silent for too long.
    ReadTimeout,
    /// The response is larger than an API's answer can be.
    TooLarge,
    /// The request could not be built.
    Request,
}

impl FailureKind {
    /// Whether the same request may succeed a moment later.
    pub fn is_transient(self) -> bool {
        match self {
            Self::NameLookup | Self::Refused | Self::ConnectTimeout | Self::Unreachable | Self::Interrupted | Self::ReadTimeout => true,
            Self::ProxyRefused(status) => matches!(status, 429 | 503 | 504),
            Self::NameNotFound
            | Self::UnknownIssuer
            | Self::Certificate
            | Self::Tls
            | Self::ProxyAuthentication
            | Self::TooLarge
            | Self::Request => false,
        }
    }

    /// Whether the request was certainly not sent: then it may be sent again whatever its method.
    pub fn is_before_sending(self) -> bool {
        !matches!(self, Self::Interrupted | Self::ReadTimeout | Self::TooLarge)
    }
}

/// Why no response came: in words what failed, and where.
#[derive(Clone, Debug)]
pub struct SendError {
    /// In which way.
    pub kind: FailureKind,
    /// Host that was asked for.
    pub host: String,
    /// Proxy on the way, `host:port`, if the request took it.
    pub proxy: Option<String>,
    /// What the system or the proxy said.
    pub detail: String,
    /// Attempts made.
    pub attempts: u32,
}

impl SendError {
    /// The next step for a person.
    pub fn next_step(&self) -> String {
        match self.kind {
            FailureKind::NameNotFound => format!("Check the spelling of `{}`, and that this agent's DNS knows it (private endpoints need their own zone).", self.host),
            FailureKind::NameLookup => "Check the DNS settings of the agent.".to_owned(),
            FailureKind::Refused | FailureKind::ConnectTimeout | FailureKind::Unreachable => match &self.proxy {
                Some(proxy) => format!("Check that the proxy `{proxy}` runs and that this agent may reach it (`./config.sh --proxyurl`)."),
                None => format!(
                    "Check that this agent may reach `{}` on its port: firewall, private endpoint, or a proxy that the agent has to be configured with (`./config.sh --proxyurl`).",
                    self.host
                ),
            },
            FailureKind::UnknownIssuer => "If a proxy opens TLS on the way, give the agent its certificate authority as a PEM file (`./config.sh --sslcacert`, which sets Agent.CAInfo) \
                 or add it to the operating system's store."
                .to_owned(),
            FailureKind::Certificate => "Check the clock of the agent, and whether something on the way answers in place of the server.".to_owned(),
            FailureKind::ProxyAuthentication => {
                "Configure the agent with the proxy's user and password (`./config.sh --proxyusername ... --proxypassword ...`). Only basic authentication is supported.".to_owned()
            }
            FailureKind::ProxyRefused(_) => format!("Ask whoever runs the proxy to allow `{}`, or add it to the agent's bypass list (`.proxybypass`).", self.host),
            FailureKind::Tls | FailureKind::Interrupted | FailureKind::ReadTimeout => "Run the step again; if it stays, look at what is between this agent and the host.".to_owned(),
            FailureKind::TooLarge | FailureKind::Request => String::new(),
        }
    }
}

impl std::fmt::Display for SendError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = &self.host;
        let way = match &self.proxy {
            Some(proxy) => format!(" through the proxy `{proxy}`"),
            None => String::new(),
        };
        match self.kind {
            FailureKind::NameNotFound => write!(f, "The host name `{host}` does not exist")?,
            FailureKind::NameLookup => write!(f, "The host name `{host}` could not be looked up")?,
            FailureKind::Refused | FailureKind::ConnectTimeout | FailureKind::Unreachable => {
                match &self.proxy {
                    Some(proxy) => write!(f, "No connection to the proxy `{proxy}` (on the way to `{host}`)")?,
                    None => write!(f, "No connection to `{host}`")?,
                }
                match self.kind {
                    FailureKind::Refused => write!(f, ": it was refused")?,
                    FailureKind::ConnectTimeout => write!(f, " in time")?,
                    _ => {}
                }
            }
            FailureKind::UnknownIssuer => {
                write!(f, "The certificate of `{host}`{way} is signed by an authority that this agent does not trust")?
            }
            FailureKind::Certificate => write!(f, "The certificate of `{host}`{way} is not valid")?,
            FailureKind::Tls => write!(f, "TLS with `{host}`{way} failed")?,
            FailureKind::ProxyAuthentication => {
                write!(
                    f,
                    "The proxy `{}` wants a user and password (407) before it connects to `{host}`",
                    self.proxy.as_deref().unwrap_or("?")
                )?;
            }
            FailureKind::ProxyRefused(status) => {
                write!(f, "The proxy `{}` did not connect to `{host}`: it answered {status}", self.proxy.as_deref().unwrap_or("?"))?;
            }
            FailureKind::Interrupted => write!(f, "The connection to `{host}`{way} ended before the response was complete")?,
            FailureKind::ReadTimeout => write!(f, "`{host}`{way} did not answer in time")?,
            FailureKind::TooLarge => write!(f, "The response of `{host}`{way} is too large")?,
            FailureKind::Request => write!(f, "The request to `{host}` could not be built")?,
        }
        if !self.detail.is_empty() {
            write!(f, " ({})", self.detail)?;
        }
        if self.attempts > 1 {
            write!(f, ", after {} attempts", self.attempts)?;
        }
        f.write_str(".")
    }
}

impl Error for SendError {}

/// Whether the tunnel through the proxy failed because of the proxy's answer, which reqwest does not pass on.
pub(crate) fn is_tunnel_answer(error: &reqwest::Error) -> bool {
    chain(error).iter().any(|text| text == "tunnel error: unsuccessful" || text == "tunnel error: proxy authorization required")
}

/// Finds out what an error of reqwest means. It is typed only in part, so the rest is read from the chain of causes.
pub(crate) fn classify(error: &reqwest::Error) -> (FailureKind, String) {
    if error.is_builder() || error.is_request() && error.source().is_none() {
        return (FailureKind::Request, root_cause(error));
    }
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(current) = cause {
        if let Some(io) = current.downcast_ref::<io::Error>() {
            if let Some(tls) = io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                return tls_failure(tls);
            }
            if error.is_connect()
                && let Some(kind) = connect_failure(io)
            {
                return (kind, io.to_string());
            }
        }
        if let Some(tls) = current.downcast_ref::<rustls::Error>() {
            return tls_failure(tls);
        }
        cause = current.source();
    }
    let kind = match (error.is_timeout(), error.is_connect()) {
        (true, true) => FailureKind::ConnectTimeout,
        (true, false) => FailureKind::ReadTimeout,
        (false, true) if chain(error).iter().any(|text| text == "dns error") => FailureKind::NameNotFound,
        (false, true) => FailureKind::Unreachable,
        (false, false) => FailureKind::Interrupted,
    };
    (kind, root_cause(error))
}

fn tls_failure(error: &rustls::Error) -> (FailureKind, String) {
    use rustls::CertificateError::UnknownIssuer;
    let kind = match error {
        rustls::Error::InvalidCertificate(UnknownIssuer) => FailureKind::UnknownIssuer,
        rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other)) if other.to_string().contains("UnknownIssuer") => {
            FailureKind::UnknownIssuer
        }
        rustls::Error::InvalidCertificate(_) => FailureKind::Certificate,
        _ => FailureKind::Tls,
    };
    (kind, error.to_string())
}

fn connect_failure(error: &io::Error) -> Option<FailureKind> {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(FailureKind::Refused),
        io::ErrorKind::TimedOut => Some(FailureKind::ConnectTimeout),
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::BrokenPipe => Some(FailureKind::Unreachable),
        // The resolver's errors have no kind of their own: getaddrinfo's text is all there is. EAI_AGAIN is the one that
        // may get better (Windows: WSATRY_AGAIN, 11002).
        _ => {
            let text = error.to_string();
            let lookup = text.contains("failed to lookup address information")
                || error.raw_os_error().is_some_and(|code| (11001..=11004).contains(&code));
            if !lookup {
                return None;
            }
            let again = text.contains("Temporary failure") || error.raw_os_error() == Some(11002);
            Some(if again { FailureKind::NameLookup } else { FailureKind::NameNotFound })
        }
    }
}

fn chain(error: &dyn Error) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(current) = cause {
        texts.push(current.to_string());
        cause = current.source();
    }
    texts
}

fn root_cause(error: &reqwest::Error) -> String {
    // The outermost text of reqwest holds the URL with its query; the causes below it do not.
    let mut texts = chain(error);
    if texts.len() > 1 { texts.pop().unwrap_or_default() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: FailureKind, proxy: Option<&str>) -> SendError {
        SendError { kind, host: "v.vault.azure.net".to_owned(), proxy: proxy.map(str::to_owned), detail: String::new(), attempts: 1 }
    }

    #[test]
    fn messages_name_the_host_and_the_way() {
        assert_eq!(error(FailureKind::NameNotFound, None).to_string(), "The host name `v.vault.azure.net` does not exist.");
        assert_eq!(
            error(FailureKind::Refused, Some("proxy:8080")).to_string(),
            "No connection to the proxy `proxy:8080` (on the way to `v.vault.azure.net`): it was refused."
        );
        let refused =
            SendError { detail: "not on the list".to_owned(), attempts: 2, ..error(FailureKind::ProxyRefused(403), Some("proxy:8080")) };
        assert_eq!(
            refused.to_string(),
            "The proxy `proxy:8080` did not connect to `v.vault.azure.net`: it answered 403 (not on the list), after 2 attempts."
        );
    }

    #[test]
    fn every_failure_that_a_person_can_mend_has_a_next_step() {
        assert!(error(FailureKind::UnknownIssuer, None).next_step().contains("Agent.CAInfo"));
        assert!(error(FailureKind::ProxyAuthentication, Some("p:1")).next_step().contains("--proxyusername"));
        assert!(error(FailureKind::Refused, Some("p:1")).next_step().contains("p:1"));
    }
}
