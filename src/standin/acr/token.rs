//! The tokens of a registry (facts/registries-and-acr.md 4.1): an Entra token is exchanged for a refresh token, that one for
//! an access token with the actions that the principal's roles allow.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Visit;
use super::refusal::Refused;
use crate::config::{Principal, Registry};
use crate::crypto::{Jwt, KeyProblem};
use crate::exchange::Answer;
use crate::inflow::Inflow;
use crate::store::TokenKeys;

/// Who tokens are from.
const ISSUER: &str = "Azure Container Registry";

/// Audiences of Entra tokens that are exchanged.
const AUDIENCES: &[&str] = &["https://containerregistry.azure.net", "https://management.core.windows.net", "https://management.azure.com"];

/// The name with which a token of the registry is the password.
const NULL_GUID: &str = "00000000-0000-0000-0000-000000000000";

/// Subject of the tokens of [`Identity::Owner`]: no name of a registry and no GUID.
const OWNER: &str = "owner-of-the-local-azure";

/// Seconds that a refresh token lives: about three hours.
const REFRESH_LIFETIME: i64 = 3 * 3600;

/// Seconds that an access token lives.
const ACCESS_LIFETIME: i64 = 4500;

/// Largest form.
const FORM_LIMIT: usize = 64 * 1024;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Refresh,
    Access,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Refresh => "refresh_token",
            Self::Access => "access_token",
        }
    }
}

/// Who signs in to a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity<'a> {
    Principal(&'a Principal),
    /// The registry's admin user.
    Admin,
    /// Whoever runs the local Azure and reads what its registries hold.
    Owner,
}

impl Identity<'_> {
    /// What it may do with every repository of `registry`.
    pub(super) fn actions(self, registry: &Registry) -> &'static [&'static str] {
        let holds = |names: &[String], principal: &Principal| names.contains(&principal.name);
        match self {
            Self::Admin => &["pull", "push", "delete", "metadata_read", "metadata_write"],
            Self::Owner => &["pull", "metadata_read"],
            Self::Principal(principal) if holds(&registry.push, principal) => &["pull", "push", "metadata_read", "metadata_write"],
            Self::Principal(principal) if holds(&registry.pull, principal) => &["pull", "metadata_read"],
            Self::Principal(_) => &[],
        }
    }
}

/// `POST /oauth2/exchange`.
pub(super) async fn exchange(visit: Visit<'_>, inflow: &mut Inflow) -> Result<Answer, Refused> {
    let form = Form::read(inflow).await?;
    match form.field("grant_type")? {
        "access_token" | "access_token_refresh_token" => {}
        other => return Err(Refused::bad("UNSUPPORTED", format!("grant type '{other}' is not supported here"))),
    }
    check_service(visit, form.field("service")?)?;
    let tenant = form.get("tenant").unwrap_or_default();
    let directory = &visit.world.directory;
    if !tenant.is_empty() && !tenant.eq_ignore_ascii_case(&directory.tenant_id) && !tenant.eq_ignore_ascii_case(&directory.domain()) {
        return Err(Refused::unauthorized());
    }
    let token = form.field("access_token")?;
    let caller = visit.world.caller(Some(token), AUDIENCES, visit.request.twists.tokens_expired).map_err(|_| Refused::unauthorized())?;
    let identity = Identity::Principal(caller.principal);
    if identity.actions(visit.registry).is_empty() {
        return Err(Refused::unauthorized());
    }
    Ok(Answer::json(StatusCode::OK, &json!({ "refresh_token": issue(visit, identity, Kind::Refresh, &[])? })))
}

/// `GET` and `POST /oauth2/token`.
pub(super) async fn token(visit: Visit<'_>, inflow: &mut Inflow) -> Result<Answer, Refused> {
    let request = visit.request;
    let (identity, scopes) = if request.method == Method::GET {
        check_service(visit, request.query("service").unwrap_or_default())?;
        let identity = basic(visit)?.ok_or_else(Refused::unauthorized)?;
        (identity, Scope::all(request.queries("scope"))?)
    } else {
        let form = Form::read(inflow).await?;
        check_service(visit, form.field("service")?)?;
        let scopes = Scope::all(form.all("scope"))?;
        let identity = match form.field("grant_type")? {
            "refresh_token" => verify(visit, form.field("refresh_token")?, Kind::Refresh).map_err(|_| Refused::unauthorized())?.0,
            "password" => sign_in(visit, form.field("username")?, form.field("password")?)?,
            other => return Err(Refused::bad("UNSUPPORTED", format!("grant type '{other}' is not supported here"))),
        };
        (identity, scopes)
    };
    let access: Vec<Value> = scopes.iter().map(|scope| scope.granted(identity, visit.registry)).collect();
    Ok(Answer::json(StatusCode::OK, &json!({ "access_token": issue(visit, identity, Kind::Access, &access)? })))
}

fn check_service(visit: Visit<'_>, service: &str) -> Result<(), Refused> {
    if service.eq_ignore_ascii_case(&visit.host()) {
        return Ok(());
    }
    Err(Refused::bad("UNSUPPORTED", format!("service '{service}' is not this registry, '{}'", visit.host())))
}

/// Who `Authorization: Basic` names; `None` without it.
pub(super) fn basic<'a>(visit: Visit<'a>) -> Result<Option<Identity<'a>>, Refused> {
    let Some((scheme, value)) = visit.request.header("authorization").and_then(|header| header.split_once(' ')) else { return Ok(None) };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let decoded = STANDARD.decode(value.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((name, password)) = decoded.as_deref().and_then(|text| text.split_once(':')) else { return Err(Refused::unauthorized()) };
    sign_in(visit, name, password).map(Some)
}

/// A name and a password: the null GUID with a token of the registry, an application with its secret, or the admin user.
fn sign_in<'a>(visit: Visit<'a>, name: &str, password: &str) -> Result<Identity<'a>, Refused> {
    if name == NULL_GUID {
        return verify(visit, password, Kind::Refresh)
            .or_else(|_| verify(visit, password, Kind::Access))
            .map(|(identity, _)| identity)
            .map_err(|_| Refused::unauthorized());
    }
    let store = visit.world.store();
    if name.eq_ignore_ascii_case(&visit.registry.name) {
        let right =
            store.registry_passwords(&visit.registry.name).is_some_and(|passwords| passwords.iter().any(|right| right.is(password)));
        if visit.registry.admin_user && right {
            return Ok(Identity::Admin);
        }
        return Err(Refused::unauthorized());
    }
    let principal = visit.world.directory.application(name);
    let stored = principal.and_then(|principal| store.principals().principals.get(&principal.name));
    let right = stored.and_then(|stored| stored.secret.as_ref()).is_some_and(|right| right.is(password));
    match principal {
        Some(principal) if right => {
            let identity = Identity::Principal(principal);
            if identity.actions(visit.registry).is_empty() { Err(Refused::unauthorized()) } else { Ok(identity) }
        }
        _ => Err(Refused::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Invalid clientid or client secret.")),
    }
}

/// What a token may be used for: a resource and actions.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Scope {
    kind: String,
    name: String,
    actions: Vec<String>,
}

impl Scope {
    /// The scopes of parameters, of which each may hold several.
    fn all<'a>(values: impl Iterator<Item = &'a str>) -> Result<Vec<Self>, Refused> {
        values.flat_map(str::split_whitespace).map(Self::parse).collect()
    }

    /// `repository:shop/orders:pull,push`.
    fn parse(text: &str) -> Result<Self, Refused> {
        let parts = text.split_once(':').and_then(|(kind, rest)| rest.rsplit_once(':').map(|(name, actions)| (kind, name, actions)));
        let Some((kind, name, actions)) = parts else { return Err(Refused::bad("UNSUPPORTED", format!("invalid scope '{text}'"))) };
        let actions = actions.split(',').filter(|action| !action.is_empty()).map(str::to_owned).collect();
        Ok(Self { kind: kind.to_owned(), name: name.to_owned(), actions })
    }

    /// What of it `identity` gets, as the claim says it.
    fn granted(&self, identity: Identity<'_>, registry: &Registry) -> Value {
        let allowed = identity.actions(registry);
        let everything = self.actions.iter().any(|action| action == "*");
        let actions: Vec<&str> = match (self.kind.as_str(), self.name.as_str()) {
            ("repository", _) if everything => allowed.to_vec(),
            ("repository", _) => self.actions.iter().filter_map(|action| allowed.iter().find(|known| *known == action)).copied().collect(),
            ("registry", "catalog") if everything && !allowed.is_empty() => vec!["*"],
            _ => Vec::new(),
        };
        json!({ "type": self.kind, "name": self.name, "actions": actions })
    }
}

fn issue(visit: Visit<'_>, identity: Identity<'_>, kind: Kind, access: &[Value]) -> Result<String, Refused> {
    let directory = &visit.world.directory;
    let subject = match identity {
        Identity::Principal(principal) => directory.object_id(&principal.name),
        Identity::Admin => visit.registry.name.clone(),
        Identity::Owner => OWNER.to_owned(),
    };
    let mut claims = claims(&visit.host(), &subject, kind, visit.world.seconds());
    match (kind, identity) {
        (Kind::Access, _) => claims["access"] = json!(access),
        (Kind::Refresh, Identity::Principal(principal)) => {
            claims["appid"] = json!(directory.application_id(&principal.name));
            claims["tenant"] = json!(directory.tenant_id);
        }
        (Kind::Refresh, Identity::Admin | Identity::Owner) => {}
    }
    // The key is Entra's: only the registry itself looks at the signature, and issuer and audience tell the tokens apart.
    Ok(Jwt::sign(&visit.world.keys.entra, &claims)?)
}

/// A refresh token of the registry at `host` for [`Identity::Owner`].
pub(crate) fn owner_token(keys: &TokenKeys, host: &str, now: i64) -> Result<String, KeyProblem> {
    Jwt::sign(&keys.entra, &claims(host, OWNER, Kind::Refresh, now))
}

fn claims(host: &str, subject: &str, kind: Kind, now: i64) -> Value {
    let lifetime = if kind == Kind::Refresh { REFRESH_LIFETIME } else { ACCESS_LIFETIME };
    json!({
        "jti": Uuid::new_v4().to_string(),
        "sub": subject,
        // Dated back, for clocks that are behind.
        "nbf": now - 900,
        "iat": now,
        "exp": now + lifetime,
        "iss": ISSUER,
        "aud": host,
        "version": "1.0",
        "rid": Uuid::new_v5(&Uuid::NAMESPACE_DNS, host.as_bytes()).simple().to_string(),
        "grant_type": kind.name(),
        "roles": [],
    })
}

/// Who a token of this registry was issued to, and its claims.
pub(super) fn verify<'a>(visit: Visit<'a>, token: &str, kind: Kind) -> Result<(Identity<'a>, Value), ()> {
    let jwt = Jwt::parse(token).map_err(|_| ())?;
    let valid = jwt.is_signed_by(visit.world.keys.entra.public())
        && jwt.text("iss") == Some(ISSUER)
        && jwt.text("aud") == Some(visit.host().as_str())
        && jwt.text("grant_type") == Some(kind.name())
        && jwt.time("exp").is_some_and(|expiry| expiry > visit.world.seconds())
        && !visit.request.twists.tokens_expired;
    if !valid {
        return Err(());
    }
    let subject = jwt.text("sub").unwrap_or_default();
    let identity = if subject == visit.registry.name {
        Identity::Admin
    } else if subject == OWNER {
        Identity::Owner
    } else {
        Identity::Principal(visit.world.directory.object(subject).ok_or(())?)
    };
    Ok((identity, jwt.claims))
}

/// The fields of a form; a name may occur several times.
struct Form(Vec<(String, String)>);

impl Form {
    async fn read(inflow: &mut Inflow) -> Result<Self, Refused> {
        let body = inflow.collect(FORM_LIMIT).await?;
        Ok(Self(url::form_urlencoded::parse(&body).into_owned().collect()))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn field(&self, name: &str) -> Result<&str, Refused> {
        let missing = || Refused::bad("UNSUPPORTED", format!("missing form parameter '{name}'"));
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_granted_as_far_as_roles_go() {
        let principal = |name: &str| Principal { name: name.to_owned(), credentials: Vec::new() };
        let registry = Registry {
            name: "shopnonprod".to_owned(),
            resource_group: "shop".to_owned(),
            pull: vec!["cd".to_owned()],
            push: vec!["ci".to_owned()],
            admin_user: false,
        };
        let (ci, cd, other) = (principal("ci"), principal("cd"), principal("other"));
        let granted = |scope: &str, principal| {
            let granted = Scope::parse(scope).unwrap().granted(Identity::Principal(principal), &registry);
            serde_json::from_value::<Vec<String>>(granted["actions"].clone()).unwrap().join(",")
        };
        assert_eq!(granted("repository:shop/orders:pull,push", &ci), "pull,push");
        assert_eq!(granted("repository:shop/orders:pull,push", &cd), "pull");
        assert_eq!(granted("repository:shop/orders:pull,push", &other), "");
        assert_eq!(granted("repository:a:pull,push,delete", &ci), "pull,push");
        assert_eq!(granted("registry:catalog:*", &cd), "*");
        assert_eq!(granted("registry:catalog:*", &other), "");
        assert!(Scope::parse("repository").is_err());
        let several = Scope::all(["repository:a:pull repository:b:pull", "repository:c:push"].into_iter()).unwrap();
        assert_eq!(several.iter().map(|scope| scope.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
