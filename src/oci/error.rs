use std::error::Error;
use std::fmt;

use slipway_model::Digest;
use slipway_net::{SendError, TokenError};

/// What a registry did not do.
#[derive(Clone, Debug)]
pub struct RegistryError {
    /// Host of the registry.
    pub host: String,
    /// Repository in it, where one was asked for.
    pub repository: String,
    /// In which way.
    pub kind: RegistryErrorKind,
}

/// In which way a registry did not do what it was asked for.
#[derive(Clone, Debug)]
pub enum RegistryErrorKind {
    /// The registry has no such repository.
    RepositoryNotFound,
    /// The repository has no such manifest.
    ManifestNotFound {
        /// Digest or tag.
        reference: String,
    },
    /// The repository has no such blob.
    BlobNotFound {
        /// Its digest.
        digest: Digest,
    },
    /// The credentials were not accepted.
    Unauthorized {
        /// What the registry said.
        detail: String,
    },
    /// The identity may not do this.
    Denied {
        /// The actions that it lacks (`push`), where the registry told.
        missing: Vec<String>,
        /// What the registry said.
        detail: String,
    },
    /// The registry refused for too long, because of too many requests.
    TooManyRequests {
        /// What the registry said.
        detail: String,
    },
    /// Content is not what its digest says.
    DigestMismatch {
        /// The digest that was asked for.
        expected: Digest,
        /// What came instead.
        got: String,
    },
    /// No answer came.
    Network(Box<SendError>),
    /// There is no token of the identity.
    Token(TokenError),
    /// A local file that is to be sent cannot be read.
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        cause: String,
    },
    /// The registry's answer is not what the distribution specification says.
    Protocol {
        /// What was asked for: `the upload of a blob`.
        what: &'static str,
        /// Status of the answer.
        status: Option<u16>,
        /// What is wrong, or what the registry said.
        detail: String,
    },
}

impl RegistryErrorKind {
    /// Whether what was asked for is not there, or cannot be what it should be; else the registry cannot be asked, or what it has is not
    /// what its digest says.
    pub(crate) fn is_of_content(&self) -> bool {
        matches!(self, Self::ManifestNotFound { .. } | Self::BlobNotFound { .. } | Self::Protocol { status: None, .. })
    }
}

impl RegistryError {
    /// The next step for a person.
    pub fn next_step(&self) -> String {
        let (host, repository) = (&self.host, &self.repository);
        match &self.kind {
            RegistryErrorKind::RepositoryNotFound => {
                format!("Check the name of the repository `{repository}`, and that something was pushed to it.")
            }
            RegistryErrorKind::ManifestNotFound { .. } => {
                format!("Check that the image was pushed to `{host}/{repository}`, and that no clean-up removed it.")
            }
            RegistryErrorKind::BlobNotFound { .. } => format!("The image in `{host}/{repository}` is not complete; publish it again."),
            RegistryErrorKind::Unauthorized { .. } => format!("Check the service connection's credentials for `{host}`."),
            RegistryErrorKind::Denied { missing, .. } if missing.iter().any(|action| action == "push") => format!(
                "Give the identity the role AcrPush on `{host}` (where repositories have permissions of their own: Container Registry Repository Writer)."
            ),
            // In the words of Azure's registries.
            RegistryErrorKind::Denied { detail, .. } if detail.contains("is not allowed access") => {
                format!("Let this agent's address through the firewall of `{host}`, or use an agent in a network that it lets in.")
            }
            RegistryErrorKind::Denied { missing, .. } => {
                let role = format!(
                    "Give the identity the role AcrPull on `{host}` (where repositories have permissions of their own: Container Registry Repository Reader), AcrPush to push."
                );
                // Nothing says which right is missing, or that one is: the answer to a HEAD has no text.
                let other = if missing.is_empty() { " If it has the role: does the registry's firewall let this agent in?" } else { "" };
                role + other
            }
            RegistryErrorKind::TooManyRequests { .. } => "Run the step again later, or with fewer jobs at once.".to_owned(),
            RegistryErrorKind::DigestMismatch { .. } => {
                format!("Do not use this content. Look at what is between this agent and `{host}`, then publish the image again.")
            }
            RegistryErrorKind::Network(error) => error.next_step(),
            RegistryErrorKind::Token(_) => "Check the service connection.".to_owned(),
            RegistryErrorKind::File { .. } => "Check that the file is there and may be read.".to_owned(),
            RegistryErrorKind::Protocol { status: Some(413), .. } => {
                format!(
                    "Something before `{host}` (a reverse proxy) takes no request of this size: raise its limit, or make the image's files smaller."
                )
            }
            RegistryErrorKind::Protocol { .. } => format!("Check that `{host}` is a container registry, and its health."),
        }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, repository) = (&self.host, &self.repository);
        let place = if repository.is_empty() { host.clone() } else { format!("{host}/{repository}") };
        match &self.kind {
            RegistryErrorKind::RepositoryNotFound => write!(f, "The registry `{host}` has no repository `{repository}`."),
            RegistryErrorKind::ManifestNotFound { reference } => write!(f, "`{place}` has no manifest `{reference}`."),
            RegistryErrorKind::BlobNotFound { digest } => write!(f, "`{place}` has no blob `{digest}`."),
            RegistryErrorKind::Unauthorized { detail } => {
                write!(f, "The registry did not accept the credentials for `{place}`{}.", said(detail))
            }
            RegistryErrorKind::Denied { missing, detail } if missing.is_empty() => {
                write!(f, "The registry denied the access to `{place}`{}.", said(detail))
            }
            RegistryErrorKind::Denied { missing, detail } => {
                let missing = missing.iter().map(|action| format!("`{action}`")).collect::<Vec<_>>().join(" and ");
                write!(f, "The identity has no right to {missing} in `{place}`{}.", said(detail))
            }
            RegistryErrorKind::TooManyRequests { detail } => {
                write!(f, "`{host}` answered 429 (too many requests) for too long{}.", said(detail))
            }
            RegistryErrorKind::DigestMismatch { expected, got } => {
                write!(f, "The content that `{place}` has for `{expected}` is something else: {got}.")
            }
            RegistryErrorKind::Network(error) => write!(f, "{error}"),
            RegistryErrorKind::Token(error) => write!(f, "There is no token for `{place}`: {error}"),
            RegistryErrorKind::File { path, cause } => write!(f, "`{}` cannot be read: {cause}.", path.display()),
            RegistryErrorKind::Protocol { what, status: Some(status), detail } => {
                write!(f, "`{place}` answered {status} to {what}{}.", said(detail))
            }
            RegistryErrorKind::Protocol { what, status: None, detail } => {
                write!(f, "`{place}` gave no usable answer to {what}{}.", said(detail))
            }
        }
    }
}

impl Error for RegistryError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            RegistryErrorKind::Network(error) => Some(&**error),
            RegistryErrorKind::Token(error) => Some(error),
            _ => None,
        }
    }
}

fn said(detail: &str) -> String {
    let detail = detail.trim().trim_end_matches('.');
    if detail.is_empty() { String::new() } else { format!(" ({detail})") }
}
