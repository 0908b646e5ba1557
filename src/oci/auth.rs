//! Signing in: the challenge of a registry, tokens by scope, and what a token says of the rights that were granted.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use slipway_net::Request;
use slipway_secret::{Secret, SecretSink};
use time::{Duration, OffsetDateTime};
use url::Url;

use crate::{Credential, RegistryErrorKind};

/// A token that ends sooner than this is renewed before it is used.
const MARGIN: Duration = Duration::seconds(30);
/// The least life of a token (distribution specification, "Token": `expires_in`).
const LEAST_LIFE: i64 = 60;

/// What a request needs the right to.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Access {
    /// (repository, push), the repository of the request first. Empty for `/v2/`.
    wanted: Vec<(String, bool)>,
}

impl Access {
    pub(crate) fn pull(repository: &str) -> Self {
        Self { wanted: vec![(repository.to_owned(), false)] }
    }

    pub(crate) fn push(repository: &str) -> Self {
        Self { wanted: vec![(repository.to_owned(), true)] }
    }

    /// And to read another repository of the same registry.
    pub(crate) fn and_pull(mut self, repository: &str) -> Self {
        if self.wanted.iter().all(|(wanted, _)| wanted != repository) {
            self.wanted.push((repository.to_owned(), false));
        }
        self
    }

    /// The repository of the request itself, and whether it is written to.
    pub(crate) fn first(&self) -> Option<(&str, bool)> {
        self.wanted.first().map(|(repository, push)| (repository.as_str(), *push))
    }

    fn covers(&self, other: &Self) -> bool {
        other.wanted.iter().all(|(repository, push)| self.wanted.iter().any(|(have, may)| have == repository && (*may || !push)))
    }

    fn scopes(&self) -> impl Iterator<Item = String> {
        self.wanted.iter().map(|(repository, push)| format!("repository:{repository}:{}", if *push { "pull,push" } else { "pull" }))
    }
}

/// How a registry wants to be signed in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Basic,
    Bearer { realm: Url, service: Option<String> },
}

/// What is known of a registry's authentication.
#[derive(Default)]
pub(crate) struct Session {
    pub(crate) scheme: Option<Scheme>,
    tokens: Vec<Token>,
}

#[derive(Clone)]
struct Token {
    access: Access,
    token: Secret,
    expires_at: OffsetDateTime,
}

impl Session {
    /// A token that covers `access` and is valid for a while.
    pub(crate) fn token(&self, access: &Access, now: OffsetDateTime) -> Option<&Secret> {
        self.tokens.iter().find(|token| token.access.covers(access) && token.expires_at - MARGIN > now).map(|token| &token.token)
    }

    pub(crate) fn keep(&mut self, access: &Access, token: Secret, expires_at: OffsetDateTime) {
        self.tokens.retain(|old| !access.covers(&old.access));
        self.tokens.push(Token { access: access.clone(), token, expires_at });
    }

    pub(crate) fn forget(&mut self, rejected: &HeaderValue) {
        self.tokens.retain(|token| bearer(&token.token).ok().as_ref() != Some(rejected));
    }
}

/// `Authorization: Bearer`.
pub(crate) fn bearer(token: &Secret) -> Result<HeaderValue, RegistryErrorKind> {
    sensitive(&format!("Bearer {}", token.expose()))
}

/// `Authorization: Basic`.
pub(crate) fn basic(username: &str, password: &Secret, sink: &dyn SecretSink) -> Result<HeaderValue, RegistryErrorKind> {
    let encoded = Secret::new(STANDARD.encode(format!("{username}:{}", password.expose())), sink);
    sensitive(&format!("Basic {}", encoded.expose()))
}

fn sensitive(text: &str) -> Result<HeaderValue, RegistryErrorKind> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| RegistryErrorKind::Unauthorized { detail: "the credential has characters that a header cannot carry".to_owned() })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Reads `WWW-Authenticate`; the error says what is wrong with it.
pub(crate) fn challenge(headers: &HeaderMap) -> Result<Scheme, String> {
    let mut offered = Vec::new();
    for value in headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()) {
        let (scheme, rest) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
        offered.push(scheme.to_owned());
        if scheme.eq_ignore_ascii_case("bearer") {
            let parameters = parameters(rest);
            let get = |name: &str| parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
            let realm = get("realm").ok_or("its challenge has no realm")?;
            let realm = Url::parse(&realm).map_err(|_| format!("the realm `{realm}` of its challenge is no URL"))?;
            return Ok(Scheme::Bearer { realm, service: get("service") });
        }
        if scheme.eq_ignore_ascii_case("basic") {
            return Ok(Scheme::Basic);
        }
    }
    if offered.is_empty() {
        return Err("it did not say how to sign in".to_owned());
    }
    Err(format!("it wants to be signed in to by `{}`; supported are Bearer and Basic", offered.join("`, `")))
}

/// `name="value",name=value`.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim_start_matches([' ', ',']);
    while let Some((name, after)) = rest.split_once('=') {
        let (value, tail) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        found.push((name.trim().to_owned(), value.to_owned()));
        rest = tail.trim_start_matches([' ', ',']);
    }
    found
}

/// The request for a token of `access`. `refresh` is the ACR refresh token where the credential is a source of them.
pub(crate) fn token_request(
    host: &str,
    credential: &Credential,
    refresh: Option<&Secret>,
    (realm, service): (&Url, Option<&str>),
    access: &Access,
    sink: &dyn SecretSink,
) -> Result<Request, RegistryErrorKind> {
    let refuse = |detail: String| Err(RegistryErrorKind::Unauthorized { detail });
    if realm.scheme() != "https" {
        return refuse(format!("it names `{}` to sign in at, which is not `https`", realm.host_str().unwrap_or_default()));
    }
    if let Some(refresh) = refresh {
        // ACR signs in at the registry itself; a refresh token is for nobody else.
        let own = Url::parse(&format!("https://{host}")).is_ok_and(|own| own.origin() == realm.origin());
        if !own {
            return refuse(format!(
                "it names `{}` to sign in at; an identity of Azure signs in at the registry itself",
                realm.host_str().unwrap_or_default()
            ));
        }
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token").append_pair("service", service.unwrap_or(host));
        for scope in access.scopes() {
            form.append_pair("scope", &scope);
        }
        form.append_pair("refresh_token", refresh.expose());
        return Ok(Request::post(realm.clone()).body("application/x-www-form-urlencoded", form.finish()).replayable());
    }
    let mut url = realm.clone();
    {
        let mut query = url.query_pairs_mut();
        if let Some(service) = service {
            query.append_pair("service", service);
        }
        for scope in access.scopes() {
            query.append_pair("scope", &scope);
        }
    }
    let request = Request::get(url);
    Ok(match credential {
        Credential::Basic { username, password } => request.header(AUTHORIZATION, basic(username, password, sink)?),
        _ => request,
    })
}

/// A token of a token endpoint's answer, with its end.
pub(crate) fn read_token(body: &[u8], now: OffsetDateTime, sink: &dyn SecretSink) -> Option<(Secret, OffsetDateTime)> {
    #[derive(Deserialize)]
    struct Answer {
        token: Option<String>,
        access_token: Option<String>,
        expires_in: Option<i64>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let token = Secret::new(answer.access_token.or(answer.token).filter(|token| !token.is_empty())?, sink);
    let claimed = claims(&token).and_then(|claims| OffsetDateTime::from_unix_timestamp(claims.exp?).ok());
    let told = now + Duration::seconds(answer.expires_in.unwrap_or(LEAST_LIFE).clamp(LEAST_LIFE, 86_400));
    Some((token, claimed.unwrap_or(told)))
}

#[derive(Deserialize)]
struct Claims {
    exp: Option<i64>,
    access: Option<Vec<Granted>>,
}

#[derive(Deserialize)]
struct Granted {
    name: String,
    #[serde(default)]
    actions: Vec<String>,
}

fn claims(token: &Secret) -> Option<Claims> {
    let payload = token.expose().split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}

/// Which of `actions` in `repository` the token does not grant; `None` where the token does not tell.
pub(crate) fn missing(token: &Secret, repository: &str, actions: &[&str]) -> Option<Vec<String>> {
    let access = claims(token)?.access?;
    let granted: Vec<_> = access.iter().filter(|granted| granted.name == repository).flat_map(|granted| &granted.actions).collect();
    let lacks = |action: &&&str| !granted.iter().any(|have| have.as_str() == **action || have.as_str() == "*");
    Some(actions.iter().filter(lacks).map(|action| (*action).to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct NoSink;

    impl SecretSink for NoSink {
        fn register(&self, _: &str) {}
    }

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (WWW_AUTHENTICATE, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn challenges() {
        let read =
            challenge(&headers(&[r#"Bearer realm="https://r.azurecr.io/oauth2/token",service="r.azurecr.io",scope="a,b""#])).unwrap();
        let realm = Url::parse("https://r.azurecr.io/oauth2/token").unwrap();
        assert_eq!(read, Scheme::Bearer { realm, service: Some("r.azurecr.io".to_owned()) });
        assert_eq!(challenge(&headers(&["Basic realm=x"])), Ok(Scheme::Basic));
        assert!(challenge(&headers(&["Negotiate"])).unwrap_err().contains("`Negotiate`"));
        assert!(challenge(&headers(&[])).is_err());
        assert!(challenge(&headers(&["Bearer realm=\"/token\""])).unwrap_err().contains("`/token`"));
    }

    #[test]
    fn a_token_for_more_serves_for_less() {
        let more = Access::push("a").and_pull("b");
        assert!(more.covers(&Access::pull("a")) && more.covers(&Access::pull("b")) && more.covers(&Access::push("a")));
        assert!(!more.covers(&Access::push("b")) && !more.covers(&Access::pull("c")));
        assert_eq!(more.scopes().collect::<Vec<_>>(), ["repository:a:pull,push", "repository:b:pull"]);
    }

    fn token(claims: &str) -> Secret {
        Secret::new(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)), &NoSink)
    }

    #[test]
    fn what_a_token_does_not_grant() {
        let pull = token(r#"{"exp":1,"access":[{"type":"repository","name":"a","actions":["pull"]}]}"#);
        assert_eq!(missing(&pull, "a", &["pull", "push"]), Some(vec!["push".to_owned()]));
        assert_eq!(missing(&pull, "b", &["pull"]), Some(vec!["pull".to_owned()]));
        assert_eq!(missing(&pull, "a", &["pull"]), Some(Vec::new()));
        assert_eq!(missing(&Secret::new("opaque", &NoSink), "a", &["pull"]), None);
    }

    #[test]
    fn a_credential_goes_only_where_it_belongs() {
        let refresh = Secret::new("r", &NoSink);
        let ask = |realm: &str, refresh: Option<&Secret>| {
            let realm = Url::parse(realm).unwrap();
            token_request("r.azurecr.io", &Credential::Anonymous, refresh, (&realm, None), &Access::pull("a"), &NoSink)
        };
        assert!(ask("https://r.azurecr.io/oauth2/token", Some(&refresh)).is_ok());
        assert!(ask("https://evil.example/oauth2/token", Some(&refresh)).is_err());
        assert!(ask("http://r.azurecr.io/oauth2/token", Some(&refresh)).is_err());
        assert!(ask("https://auth.docker.io/token", None).is_ok());
        assert!(ask("http://auth.docker.io/token", None).is_err());
    }

    #[test]
    fn the_end_of_a_token_is_its_own_claim_or_what_the_answer_says() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let body = format!(r#"{{"access_token":"{}"}}"#, token(r#"{"exp":4500}"#).expose());
        assert_eq!(read_token(body.as_bytes(), now, &NoSink).unwrap().1, now + Duration::seconds(4500));
        assert_eq!(read_token(br#"{"token":"x","expires_in":300}"#, now, &NoSink).unwrap().1, now + Duration::seconds(300));
        assert_eq!(read_token(br#"{"token":"x"}"#, now, &NoSink).unwrap().1, now + Duration::seconds(60));
        assert!(read_token(b"{}", now, &NoSink).is_none());
    }
}
