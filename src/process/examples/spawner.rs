//! For the test that children die with their parent: starts a shell that starts a shell, prints what they print, and
//! waits for ever.

#[tokio::main(flavor = "current_thread")]
async fn main() {
    use tokio::io::AsyncReadExt;

    let mut child = slipway_process::Command::new("/bin/sh")
        .args(["-c", "echo child $$; exec /bin/sleep 1000"])
        .spawn()
        .expect("/bin/sh is on every Unix");
    let mut stdout = child.take_stdout().expect("it is taken once");
    let mut line = vec![0; 64];
    let length = stdout.read(&mut line).await.expect("the pipe is open");
    tokio::io::AsyncWriteExt::write_all(&mut tokio::io::stdout(), &line[..length]).await.expect("the test reads");
    let _ = child.wait().await;
}
