use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use slipway_secret::{Secret, SecretSink};
use url::Url;

use super::ConnectionProblem;
use super::reader::Reader;
use crate::Env;

/// A service connection of type Kubernetes, with all that the agent hands over of it (facts/azure-pipelines-tasks.md 5.3).
#[derive(Clone, Debug)]
pub struct KubernetesConnection {
    /// GUID.
    pub id: String,
    /// `authorizationType`: `Kubeconfig`, `ServiceAccount`, or `AzureSubscription`, for which Azure DevOps itself made a service
    /// account in the cluster.
    pub authorization_type: String,
    /// How the cluster is reached, and who signs in.
    pub access: KubernetesAccess,
    /// `acceptUntrustedCerts`: whether the API server's certificate is taken whoever signed it.
    pub accepts_untrusted_certificates: bool,
    /// `namespace`: the namespace that the connection is for.
    pub namespace: Option<String>,
    /// Where a person edits the connection.
    pub settings_page: Option<String>,
}

/// How a cluster is reached, and who signs in.
#[derive(Clone, Debug)]
pub enum KubernetesAccess {
    /// By a kubeconfig.
    Kubeconfig {
        /// Its text, YAML. It has credentials.
        kubeconfig: Secret,
        /// `clusterContext`: the context to take instead of the kubeconfig's current one.
        context: Option<String>,
    },
    /// As a service account of the cluster.
    ServiceAccount {
        /// Address of the API server.
        server: Url,
        /// `serviceAccountCertificate`, decoded: the certificates that sign the API server's, PEM. Absent only where untrusted
        /// certificates are accepted.
        certificate_authority: Option<String>,
        /// `apiToken`, decoded.
        token: Secret,
    },
}

impl KubernetesConnection {
    pub(crate) fn read(env: &Env, id: &str, sink: &dyn SecretSink) -> Result<Self, ConnectionProblem> {
        let mut reader = Reader::open(env, id, "of type Kubernetes", sink)?;
        let (id, at) = (reader.endpoint.key().to_owned(), reader.at.clone());
        let problem = |got: String, expected: &str, hint: String| Err(ConnectionProblem { got, expected: expected.to_owned(), hint });
        let authorization_type = reader.endpoint.data("authorizationType").unwrap_or("Kubeconfig").to_owned();
        let accepts_untrusted_certificates =
            reader.endpoint.data("acceptUntrustedCerts").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let (what, how) =
            (format!("`{id}`, a connection with the authorization type `{authorization_type}` and"), "fill them in and verify it");
        let access = match authorization_type.to_ascii_lowercase().as_str() {
            "kubeconfig" => {
                let kubeconfig = reader.needed_secret("kubeconfig");
                reader.complete(&what, how)?;
                Ok(KubernetesAccess::Kubeconfig { kubeconfig, context: reader.endpoint.parameter("clusterContext").map(str::to_owned) })
            }
            "serviceaccount" | "azuresubscription" => {
                // Every parameter is read before one is judged, so that all that are missing are told.
                let certificate = match reader.endpoint.parameter("serviceAccountCertificate") {
                    None if accepts_untrusted_certificates => None,
                    _ => Some(reader.needed("serviceAccountCertificate")),
                };
                let token = reader.needed_secret("apiToken");
                reader.complete(&what, how)?;
                service_account(&reader, certificate, &token)
            }
            _ => {
                return problem(
                    format!("`{id}`, a connection with the authorization type `{authorization_type}`"),
                    "a kubeconfig, a service account, or an Azure subscription",
                    format!("{at} and choose one of these"),
                );
            }
        };
        match access {
            Ok(access) => Ok(Self {
                id,
                authorization_type,
                access,
                accepts_untrusted_certificates,
                namespace: reader.endpoint.data("namespace").map(str::to_owned),
                settings_page: reader.settings_page,
            }),
            Err(Unusable { got, expected, hint }) => {
                problem(format!("`{id}`, a connection with {got}"), expected, format!("{at} and {hint}"))
            }
        }
    }
}

/// A value that cannot be used.
struct Unusable {
    got: String,
    expected: &'static str,
    hint: &'static str,
}

/// Judges the address, the certificate and the token of a service account.
fn service_account(reader: &Reader<'_>, certificate: Option<String>, encoded: &Secret) -> Result<KubernetesAccess, Unusable> {
    let url = reader.endpoint.url().unwrap_or_default();
    let server = Url::parse(url).ok().filter(|url| url.scheme() == "https" && url.has_host()).ok_or_else(|| Unusable {
        got: format!("the address `{url}`"),
        expected: "the address of the API server, which starts with `https://`",
        hint: "correct it; `kubectl cluster-info` shows it",
    })?;
    let certificate_authority = certificate.map(|text| {
        decoded(&text).filter(|pem| pem.contains("-----BEGIN CERTIFICATE-----")).ok_or(Unusable {
            got: "a `serviceAccountCertificate` that is no base64 text of PEM certificates".to_owned(),
            expected: "the value `ca.crt` of the service account's Secret",
            hint: "paste the whole Secret again, as `kubectl get secret NAME -o json` prints it",
        })
    });
    let token = decoded(encoded.expose()).ok_or(Unusable {
        got: "an `apiToken` that is no base64 text".to_owned(),
        expected: "the value `token` of the service account's Secret",
        hint: "paste the whole Secret again, as `kubectl get secret NAME -o json` prints it",
    })?;
    Ok(KubernetesAccess::ServiceAccount {
        server,
        certificate_authority: certificate_authority.transpose()?,
        token: Secret::new(token, reader.sink),
    })
}

/// The text of base64, lines of which may be folded; `None` for an empty one.
fn decoded(encoded: &str) -> Option<String> {
    let encoded: String = encoded.split_ascii_whitespace().collect();
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_sink::Recorder;

    const ID: &str = "11111111-2222-3333-4444-555555555555";
    const SERVER: &str = "https://shop.hcp.westeurope.azmk8s.io:443";
    const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

    fn read_with(sink: &Recorder, url: &str, variables: &[(&str, &str)]) -> Result<KubernetesConnection, ConnectionProblem> {
        let base = [
            (format!("ENDPOINT_URL_{ID}"), url.to_owned()),
            (format!("ENDPOINT_AUTH_SCHEME_{ID}"), "Kubernetes".to_owned()),
            ("SYSTEM_COLLECTIONURI".to_owned(), "https://dev.azure.com/contoso/".to_owned()),
            ("SYSTEM_TEAMPROJECT".to_owned(), "shop".to_owned()),
        ];
        let more = variables.iter().map(|(name, value)| {
            let name = match name.split_once(':') {
                Some(("data", name)) => format!("ENDPOINT_DATA_{ID}_{name}"),
                _ => format!("ENDPOINT_AUTH_PARAMETER_{ID}_{name}"),
            };
            (name, (*value).to_owned())
        });
        KubernetesConnection::read(&Env::new(base.into_iter().chain(more)), &ID.to_ascii_uppercase(), sink)
    }

    fn read(url: &str, variables: &[(&str, &str)]) -> Result<KubernetesConnection, ConnectionProblem> {
        read_with(&Recorder::default(), url, variables)
    }

    #[test]
    fn a_kubeconfig_is_the_default() {
        let sink = Recorder::default();
        let text = "apiVersion: v1\nkind: Config\nusers: [{user: {token: planted}}]\n";
        let connection =
            read_with(&sink, SERVER, &[("KUBECONFIG", text), ("CLUSTERCONTEXT", "staging"), ("data:NAMESPACE", "shop")]).unwrap();
        assert_eq!((connection.id.as_str(), connection.authorization_type.as_str()), (ID, "Kubeconfig"));
        assert_eq!((connection.namespace.as_deref(), connection.accepts_untrusted_certificates), (Some("shop"), false));
        assert!(connection.settings_page.as_ref().unwrap().ends_with(&format!("?resourceId={ID}")));
        assert!(!format!("{connection:?}").contains("planted"));
        match connection.access {
            KubernetesAccess::Kubeconfig { kubeconfig, context } => {
                assert_eq!((kubeconfig.expose(), context.as_deref()), (text, Some("staging")))
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_service_account_is_decoded_and_its_token_is_secret_in_both_forms() {
        let encoded = STANDARD.encode("planted-token\n");
        let (first, last) = encoded.split_at(5);
        let folded = format!("{first}\n{last}\n");
        let certificate = STANDARD.encode(PEM);
        for kind in ["ServiceAccount", "AzureSubscription"] {
            let sink = Recorder::default();
            let variables = [("data:AUTHORIZATIONTYPE", kind), ("SERVICEACCOUNTCERTIFICATE", certificate.as_str()), ("APITOKEN", &folded)];
            let connection = read_with(&sink, SERVER, &variables).unwrap();
            assert_eq!(connection.authorization_type, kind);
            assert!(!format!("{connection:?}").contains("planted"));
            match connection.access {
                KubernetesAccess::ServiceAccount { server, certificate_authority, token } => {
                    assert_eq!((server.host_str(), certificate_authority.as_deref()), (Some("shop.hcp.westeurope.azmk8s.io"), Some(PEM)));
                    assert_eq!(token.expose(), "planted-token");
                }
                other => panic!("{other:?}"),
            }
            assert!(sink.values().iter().any(|secret| secret == "planted-token"));
            assert!(sink.values().iter().any(|secret| secret == &folded));
        }
    }

    #[test]
    fn untrusted_certificates_need_no_authority() {
        let token = STANDARD.encode("planted");
        let variables = [("data:AUTHORIZATIONTYPE", "ServiceAccount"), ("APITOKEN", token.as_str())];
        let without = read(SERVER, &variables).unwrap_err();
        assert!(without.got.ends_with("and without `serviceAccountCertificate`"), "{without:?}");
        let connection = read(SERVER, &[&variables[..], &[("data:ACCEPTUNTRUSTEDCERTS", "True")]].concat()).unwrap();
        assert!(connection.accepts_untrusted_certificates);
        assert!(matches!(connection.access, KubernetesAccess::ServiceAccount { certificate_authority: None, .. }));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_without_the_secret() {
        let got = |url: &str, variables: &[(&str, &str)]| {
            let problem = read(url, variables).unwrap_err();
            assert!(!format!("{problem:?}").contains("planted"));
            assert!(problem.hint.contains(&format!("_settings/adminservices?resourceId={ID}")), "{}", problem.hint);
            problem.got.replace(ID, "ID")
        };
        assert_eq!(got(SERVER, &[]), "`ID`, a connection with the authorization type `Kubeconfig` and without `kubeconfig`");
        let account = ("data:AUTHORIZATIONTYPE", "ServiceAccount");
        assert_eq!(
            got(SERVER, &[account]),
            "`ID`, a connection with the authorization type `ServiceAccount` and without `serviceAccountCertificate`, `apiToken`"
        );
        let (certificate, token) = (STANDARD.encode(PEM), STANDARD.encode("planted"));
        let good = [account, ("SERVICEACCOUNTCERTIFICATE", certificate.as_str()), ("APITOKEN", token.as_str())];
        assert!(read(SERVER, &good).is_ok());
        assert_eq!(got("http://10.0.0.1/", &good), "`ID`, a connection with the address `http://10.0.0.1/`");
        assert_eq!(
            got(SERVER, &[account, good[1], ("APITOKEN", "planted.not.base64")]),
            "`ID`, a connection with an `apiToken` that is no base64 text"
        );
        assert_eq!(
            got(SERVER, &[account, ("SERVICEACCOUNTCERTIFICATE", PEM), good[2]]),
            "`ID`, a connection with a `serviceAccountCertificate` that is no base64 text of PEM certificates"
        );
        assert_eq!(got(SERVER, &[("data:AUTHORIZATIONTYPE", "OAuth")]), "`ID`, a connection with the authorization type `OAuth`");
        let nothing = KubernetesConnection::read(&Env::new([("A", "b")]), "shop", &Recorder::default()).unwrap_err();
        assert_eq!(nothing.expected, "a service connection of type Kubernetes that the agent hands to this job");
    }
}
