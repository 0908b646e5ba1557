//! A question to git: it is started, and its output read to the end. Used by all that asks git something; what of the person's
//! configuration takes part differs, and is said by who asks.

use slipway_process::Command;
use tokio::io::{AsyncRead, AsyncReadExt};

/// How git ended and what it said.
pub(crate) struct Output {
    /// Exit code; absent where a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: Vec<u8>,
    /// Standard error, without `fatal: `.
    pub(crate) err: String,
}

impl Output {
    /// Standard output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    /// Standard output if git succeeded, else what it said on standard error.
    pub(crate) fn succeeded(self) -> Result<Vec<u8>, String> {
        if self.code == Some(0) { Ok(self.out) } else { Err(self.err) }
    }
}

/// Runs `git` to its end. The error says why it could not be run.
pub(crate) async fn output(git: Command) -> Result<Output, String> {
    let mut child = git.spawn().map_err(|error| error.to_string())?;
    let (out, err) = (read(child.take_stdout()), read(child.take_stderr()));
    let failed = |error: std::io::Error| format!("failed to run git: {error}");
    let (out, err) = tokio::try_join!(out, err).map_err(failed)?;
    let code = child.wait().await.map_err(failed)?.code();
    let err = String::from_utf8_lossy(&err).trim().trim_start_matches("fatal: ").to_owned();
    Ok(Output { code, out, err })
}

async fn read(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        stream.read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}
