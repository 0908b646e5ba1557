//! `slipway azure fault`: has a running stand-in misbehave, through the control interface on its proxy's port.

use std::sync::Arc;

use slipway_standin::{Control, ControlError, Fault, FaultKind, Refusal};

use crate::arguments::{FaultArguments, FaultName};
use crate::azure;
use crate::env::Env;
use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;
use crate::world::state_here;

/// Orders a fault, or forgets all that were ordered.
pub(crate) async fn fault(env: &Env, arguments: &FaultArguments, terminal: &Arc<Terminal>) -> Result<Exit, Failure> {
    let state = state_here(env, &arguments.state).await?;
    let endpoint = azure::running(&state).ok_or_else(|| {
        Failure::refused(format!("no local Azure runs on the state folder `{}`", state.path().display()))
            .hint("start it with `slipway azure up`; name another state folder with `--state FOLDER`")
    })?;
    let refused = |error: ControlError| Failure::refused(error.to_string());
    let control = Control::new(&endpoint).map_err(refused)?;
    match arguments.kind {
        Some(kind) => {
            let fault = Fault {
                host: arguments.host.clone(),
                path: arguments.path.clone(),
                method: arguments.method.clone(),
                kind: kind_of(kind, arguments),
                times: arguments.times,
            };
            control.order(&fault).await.map_err(refused)?;
            let times = if fault.times == 1 { "the next request".to_owned() } else { format!("the next {} requests", fault.times) };
            terminal.print([format!("ordered: {times} to host `{}`, path `{}`", fault.host, fault.path)]);
        }
        None => {
            control.clear_faults().await.map_err(refused)?;
            terminal.print(["all faults are forgotten"]);
        }
    }
    Ok(Exit::Success)
}

fn kind_of(name: FaultName, arguments: &FaultArguments) -> FaultKind {
    match name {
        FaultName::Throttle => FaultKind::Throttle { retry_after: arguments.seconds },
        FaultName::ForbiddenRbac => FaultKind::Forbidden(Refusal::Rbac),
        FaultName::ForbiddenPolicy => FaultKind::Forbidden(Refusal::Policy),
        FaultName::ForbiddenFirewall => FaultKind::Forbidden(Refusal::Firewall),
        FaultName::ForbiddenConnection => FaultKind::Forbidden(Refusal::Connection),
        FaultName::Reset => FaultKind::Reset { after_bytes: arguments.after_bytes },
        FaultName::ResetUpload => FaultKind::ResetUpload { after_bytes: arguments.after_bytes as u64 },
        FaultName::Corrupt => FaultKind::Corrupt,
        FaultName::LyingDigest => FaultKind::LyingDigest,
        FaultName::Delay => FaultKind::Delay { milliseconds: u64::from(arguments.seconds) * 1000 },
        FaultName::Html => FaultKind::Html { status: arguments.status },
        FaultName::ExpireTokens => FaultKind::ExpireTokens,
        FaultName::ExpiredAssertion => FaultKind::ExpiredAssertion,
        FaultName::Status => FaultKind::Status { code: arguments.status, body: "{}".to_owned() },
    }
}
