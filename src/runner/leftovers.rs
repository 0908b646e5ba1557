//! Processes that a job left running, found as the agent finds them: by a variable of the job in their environment.

use crate::job_context::JobContext;

/// Ends them all.
pub(crate) async fn end(job: &JobContext<'_>) {
    let mut marker = b"VSTS_PROCESS_LOOKUP_ID=vsts_".to_vec();
    marker.extend_from_slice(job.id.to_string().as_bytes());
    for (process, name) in marked(&marker) {
        job.note(&format!("Terminate orphan process: pid ({process}) ({name})"));
        kill(process).await;
    }
    let processes = job.processes.take();
    for mut process in processes {
        // The process itself is gone; what is left of its group is ended here.
        if let Err(error) = process.end_tree().await {
            job.note(&format!("Processes of group {} could not be ended: {error}", process.id()));
        }
    }
}

/// Processes that have `marker` among their environment variables.
#[cfg(target_os = "linux")]
fn marked(marker: &[u8]) -> Vec<(i32, String)> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|process| {
            // Processes of other users cannot be read, and are not ours.
            std::fs::read(format!("/proc/{process}/environ"))
                .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|variable| variable == marker))
        })
        .map(|process| {
            let name = std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
            (process, name.trim().to_owned())
        })
        .collect()
}

#[cfg(not(target_os = "linux"))]
fn marked(_marker: &[u8]) -> Vec<(i32, String)> {
    Vec::new()
}

/// Longest wait for a killed process, in seconds: one that is stuck in the kernel does not hold up the run.
#[cfg(target_os = "linux")]
const LONGEST_END: i64 = 2;

/// Kills a process and waits until it is gone.
#[cfg(target_os = "linux")]
async fn kill(process: i32) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
    let Some(process) = Pid::from_raw(process) else { return };
    // Opened before the signal, so that it is this process that is waited for. It may be gone by now.
    let handle = pidfd_open(process, PidfdFlags::empty());
    let _ = kill_process(process, Signal::KILL);
    if let Ok(handle) = handle {
        let longest = Timespec { tv_sec: LONGEST_END, tv_nsec: 0 };
        let wait = move || poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&longest)).map(drop);
        // Whether it ended in time changes nothing: there is nothing stronger than this signal.
        let _ = tokio::task::spawn_blocking(wait).await;
    }
}

#[cfg(not(target_os = "linux"))]
async fn kill(_process: i32) {}
