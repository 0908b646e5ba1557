//! One stand-in at a time on a state folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::StartError;

/// Held while the stand-in runs; the system releases it when the process ends, however that happens.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "closing the file releases the lock")] File);

impl Lock {
    /// Takes the lock, and writes who holds it.
    pub(crate) fn take(path: &Path) -> Result<Self, StartError> {
        let failed = |error: std::io::Error| StartError::State { path: path.display().to_string(), cause: error.to_string() };
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who holds it may just be writing that.
                let _ = file.read_to_string(&mut holder);
                return Err(StartError::Locked {
                    folder: path.parent().unwrap_or(path).display().to_string(),
                    pid: holder.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self(file))
    }
}
