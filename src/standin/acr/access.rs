//! Whether a request may do what it asks for: the claims of its access token, or the roles of who signs in with a password.

use serde_json::{Value, json};

use super::Visit;
use super::refusal::Refused;
use super::route::Route;
use super::token::{Identity, Kind, basic, verify};

/// Who sends a request, and what it may do.
pub(super) struct Visitor<'a> {
    visit: Visit<'a>,
    pub(super) identity: Identity<'a>,
    /// The claim `access`; `None` for who signs in with a password: then the roles count.
    access: Option<Value>,
}

impl Visitor<'_> {
    /// Whether it may do `action` with a repository.
    pub(super) fn may(&self, repository: &str, action: &str) -> bool {
        match &self.access {
            None => self.identity.actions(self.visit.registry).contains(&action),
            Some(access) => holds(access, "repository", repository, action),
        }
    }

    fn may_list(&self) -> bool {
        match &self.access {
            None => !self.identity.actions(self.visit.registry).is_empty(),
            Some(access) => holds(access, "registry", "catalog", "*"),
        }
    }
}

fn holds(access: &Value, kind: &str, name: &str, action: &str) -> bool {
    access.as_array().into_iter().flatten().any(|entry| {
        let actions = entry["actions"].as_array().into_iter().flatten();
        entry["type"] == kind && entry["name"] == name && actions.into_iter().any(|known| known == action)
    })
}

/// Whether the request may go on.
pub(super) fn check<'a>(visit: Visit<'a>, route: &Route) -> Result<Visitor<'a>, Refused> {
    let needed = needed(visit, route);
    let visitor = match (visit.request.bearer(), basic(visit)) {
        (None, Ok(Some(identity))) => Visitor { visit, identity, access: None },
        (None, Ok(None)) => return Err(challenge(visit, &needed, None)),
        (None, Err(refused)) => return Err(with_challenge(refused, visit, &needed, None)),
        (Some(token), _) => match verify(visit, token, Kind::Access) {
            Ok((identity, claims)) => Visitor { visit, identity, access: Some(claims["access"].clone()) },
            Err(()) => return Err(challenge(visit, &needed, Some("invalid_token"))),
        },
    };
    let allowed = match route {
        Route::Base => true,
        Route::Catalog => visitor.may_list(),
        _ => needed.iter().all(|(name, actions)| actions.iter().all(|action| visitor.may(name, action))),
    };
    if allowed { Ok(visitor) } else { Err(challenge(visit, &needed, Some("insufficient_scope"))) }
}

/// The repositories that a request touches, and what it does with them.
fn needed<'a>(visit: Visit<'a>, route: &'a Route) -> Vec<(&'a str, &'static [&'static str])> {
    let mut needed = Vec::new();
    if let Some(repository) = route.repository() {
        needed.push((repository, route.actions(&visit.request.method)));
    }
    if let (Route::Uploads { .. }, Some(from)) = (route, visit.request.query("from"))
        && visit.request.query("mount").is_some()
    {
        needed.push((from, &["pull"]));
    }
    needed
}

/// 401, with where to get a token and for what.
fn challenge(visit: Visit<'_>, needed: &[(&str, &[&str])], error: Option<&str>) -> Refused {
    let detail = needed
        .iter()
        .flat_map(|(name, actions)| actions.iter().map(move |action| json!({ "Type": "repository", "Name": name, "Action": action })));
    let refused = Refused::unauthorized().detail(Value::Array(detail.collect()));
    with_challenge(refused, visit, needed, error)
}

fn with_challenge(refused: Refused, visit: Visit<'_>, needed: &[(&str, &[&str])], error: Option<&str>) -> Refused {
    let host = visit.host();
    let mut challenge = format!("Bearer realm=\"https://{host}/oauth2/token\",service=\"{host}\"");
    let mut scopes: Vec<String> = needed.iter().map(|(name, actions)| format!("repository:{name}:{}", actions.join(","))).collect();
    if visit.request.path.trim_end_matches('/') == "/v2/_catalog" {
        scopes.push("registry:catalog:*".to_owned());
    }
    if !scopes.is_empty() {
        challenge.push_str(&format!(",scope=\"{}\"", scopes.join(" ")));
    }
    if let Some(error) = error {
        challenge.push_str(&format!(",error=\"{error}\""));
    }
    refused.header("www-authenticate", challenge)
}
