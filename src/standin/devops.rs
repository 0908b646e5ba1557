//! Azure DevOps: OIDC tokens of running jobs (facts/azure-pipelines-tasks.md 4), and the keys that verify them.

use std::fs;

use http::{Method, StatusCode};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use slipway_model::JobRegistration;
use uuid::Uuid;

use crate::crypto::Jwt;
use crate::entra::FEDERATION_AUDIENCE;
use crate::exchange::{Answer, Request};
use crate::world::World;

pub(crate) const HOST: &str = "dev.azure.com";
/// Where the issuer of OIDC tokens is described.
pub(crate) const TOKEN_HOST: &str = "vstoken.dev.azure.com";

/// Seconds that an OIDC token lives.
const LIFETIME: i64 = 600;

/// Answers a request; `None` for what is not simulated.
pub(crate) fn answer(world: &World, request: &Request) -> Option<Answer> {
    let segments = request.segments();
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let [organization, project, "_apis", "distributedtask", "hubs", hub, "plans", plan, "jobs", job, "oidctoken"] = segments[..] else {
        return None;
    };
    if request.method != Method::POST {
        return None;
    }
    let config = &world.directory.config;
    let answer = if !organization.eq_ignore_ascii_case(&config.organization) {
        Err(Refused::new(
            StatusCode::NOT_FOUND,
            "HostNotFoundException",
            format!("TF400813: The organization '{organization}' does not exist."),
        ))
    } else if !project.eq_ignore_ascii_case(&world.directory.project_id) && !project.eq_ignore_ascii_case(&config.project) {
        let message = format!("TF200016: The following project does not exist: {project}. Verify that the name of the project is correct.");
        Err(Refused::new(StatusCode::NOT_FOUND, "ProjectDoesNotExistWithNameException", message))
    } else {
        oidc_token(world, request, &Job { hub, plan, job })
    };
    let answer = answer.unwrap_or_else(|refused| {
        let answer = refused.answer();
        if refused.status != StatusCode::UNAUTHORIZED {
            return answer;
        }
        let challenge = format!("Bearer authorization_uri=https://login.microsoftonline.com/{}", world.directory.tenant_id);
        answer.with("www-authenticate", &challenge)
    });
    Some(answer.with("x-vss-e2eid", &Uuid::new_v4().to_string()).with("cache-control", "no-cache"))
}

/// The issuer's description and keys; `None` for what is not simulated.
pub(crate) fn issuer(world: &World, request: &Request) -> Option<Answer> {
    let segments = request.segments();
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let [organization, ".well-known", document] = segments[..] else { return None };
    if request.method != Method::GET || !organization.eq_ignore_ascii_case(&world.directory.organization_id) {
        return None;
    }
    let issuer = world.directory.oidc_issuer();
    match document {
        "openid-configuration" => Some(Answer::json(
            StatusCode::OK,
            &json!({
                "issuer": issuer,
                "jwks_uri": format!("{issuer}/.well-known/jwks"),
                "subject_types_supported": ["public", "pairwise"],
                "response_types_supported": ["id_token"],
                "claims_supported": ["sub", "aud", "exp", "iat", "iss", "nbf"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid"],
            }),
        )),
        "jwks" => Some(Answer::json(StatusCode::OK, &json!({ "keys": [world.keys.devops.public().jwk()] }))),
        _ => None,
    }
}

/// 429.
pub(crate) fn throttle() -> Answer {
    Refused::new(
        StatusCode::TOO_MANY_REQUESTS,
        "RequestBlockedException",
        "TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource 'Concurrency' in namespace 'User'.",
    )
    .answer()
}

/// A refusal that was ordered.
pub(crate) fn refuse() -> Answer {
    Refused::new(
        StatusCode::FORBIDDEN,
        "AccessDeniedException",
        "TF401019: You do not have permissions for the operation you are attempting.",
    )
    .answer()
}

/// The job as the address names it.
struct Job<'a> {
    hub: &'a str,
    plan: &'a str,
    job: &'a str,
}

/// A request that Azure DevOps refuses.
struct Refused {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Refused {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into() }
    }

    fn answer(&self) -> Answer {
        Answer::json(
            self.status,
            &json!({
                "$id": "1",
                "innerException": null,
                "message": self.message,
                "typeName": format!("Microsoft.TeamFoundation.{}, Microsoft.TeamFoundation.Server", self.kind),
                "typeKey": self.kind,
                "errorCode": 0,
                "eventId": 3000,
            }),
        )
    }
}

fn oidc_token(world: &World, request: &Request, job: &Job<'_>) -> Result<Answer, Refused> {
    let registration = registration(world, job.job);
    let token = request.bearer().unwrap_or_default();
    let hash = Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    // Whether there is such a job is told only to who has its token.
    let Some(registration) = registration.filter(|job| !token.is_empty() && job.access_token_sha256.eq_ignore_ascii_case(&hash)) else {
        let message = "TF400813: The user 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa' is not authorized to access this resource.";
        return Err(Refused::new(StatusCode::UNAUTHORIZED, "UnauthorizedRequestException", message));
    };
    if !registration.plan_id.eq_ignore_ascii_case(job.plan) || !registration.hub.eq_ignore_ascii_case(job.hub) {
        let message = format!("Orchestration plan '{}' was not found in the hub '{}'.", job.plan, job.hub);
        return Err(Refused::new(StatusCode::NOT_FOUND, "TaskOrchestrationPlanNotFoundException", message));
    }
    if request.query("api-version").is_none_or(str::is_empty) {
        let message = "No api-version was supplied for the \"POST\" request. The version must be supplied either as part of the Accept \
                       header (e.g. \"application/json; api-version=1.0\") or as a query parameter (e.g. \"?api-version=1.0\").";
        return Err(Refused::new(StatusCode::BAD_REQUEST, "VssVersionNotSpecifiedException", message));
    }
    let Some(id) = request.query("serviceConnectionId").filter(|id| !id.is_empty()) else {
        let message = "The local stand-in for Azure issues OIDC tokens for service connections only: `serviceConnectionId` is missing.";
        return Err(Refused::new(StatusCode::NOT_IMPLEMENTED, "NotSupportedException", message));
    };
    let Some(grant) = registration.connections.iter().find(|grant| grant.id.eq_ignore_ascii_case(id)) else {
        let message = format!("The job is not authorized to use the service connection '{id}', or there is none.");
        return Err(Refused::new(StatusCode::FORBIDDEN, "EndpointAccessDeniedException", message));
    };
    let now = world.seconds();
    // A fault has the token be one of an hour ago.
    let issued = if request.twists.assertions_expired { now - 3600 } else { now };
    let directory = &world.directory;
    let claims = json!({
        "jti": Uuid::new_v4().to_string(),
        "iss": directory.oidc_issuer(),
        "sub": directory.oidc_subject(&grant.name),
        "aud": FEDERATION_AUDIENCE,
        "iat": issued,
        "nbf": issued - 60,
        "exp": issued + LIFETIME,
        "org_id": directory.organization_id,
        "prj_id": directory.project_id,
        "def_id": "1",
    });
    match Jwt::sign(&world.keys.devops, &claims) {
        Ok(token) => Ok(Answer::json(StatusCode::OK, &json!({ "oidcToken": token }))),
        Err(problem) => Err(Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "Exception", problem.to_string())),
    }
}

/// The registration of a running job. The id is a GUID, so that no other file can be meant.
fn registration(world: &World, job: &str) -> Option<JobRegistration> {
    let id = Uuid::parse_str(job).ok()?;
    let json = fs::read(world.jobs_folder.join(format!("{id}.json"))).ok()?;
    serde_json::from_slice(&json).ok()
}
