//! `slipway azure up` and what goes with it, through the real binary.

use std::io::{BufRead, BufReader, Read};
use std::process::Child;

use crate::support::World;

const LOCAL_AZURE: &str = "\
organization: contoso
tenant: contoso
principals:
- name: admin
  credentials: [secret, certificate]
vaults:
- name: shop-vault
  writers: [admin]
  secrets:
  - name: password
    generate: {randomText: {length: 24}}
serviceConnections:
- name: shop
  principal: admin
  credential: secret
";

const HELLO: &str = "steps:\n- checkout: none\n- script: echo hello\n  displayName: Say hello\n";

/// `slipway azure up`, once it is up.
struct Up {
    child: Child,
    said: String,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Up {
    fn start(world: &World) -> Self {
        let mut child = world.command(&["azure", "up"]).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut up = Self { child, said: String::new(), lines };
        while !up.said.contains("Ctrl-C ends it") {
            match up.lines.next() {
                Some(line) => up.said.push_str(&format!("{}\n", line.unwrap())),
                None => {
                    let mut errors = String::new();
                    up.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
                    panic!("it did not come up: {}{errors}", up.said);
                }
            }
        }
        up
    }

    /// Interrupts it; returns all that it said, and its exit status.
    fn end(mut self) -> (String, Option<i32>) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::INT).unwrap();
        for line in self.lines.by_ref() {
            self.said.push_str(&format!("{}\n", line.unwrap()));
        }
        let status = self.child.wait().unwrap().code();
        (std::mem::take(&mut self.said), status)
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // After a test that failed; one that has ended is not there any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Files below `folder` that hold `needle`, as paths from there.
fn files_with(folder: &std::path::Path, needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(needle) {
                found.push(path.strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

fn state_of(world: &World) -> std::path::PathBuf {
    let mut states = std::fs::read_dir(world.root().join("xdg/slipway")).unwrap();
    states.next().unwrap().unwrap().path()
}

#[test]
fn it_says_how_to_use_it_and_prints_no_secret() {
    let world = World::new(&[("slipway.local.yml", LOCAL_AZURE)]);
    let up = Up::start(&world);
    let state = state_of(&world);
    let secret = std::fs::read_to_string(state.join("azure/login/admin.secret")).unwrap();
    assert_eq!(secret.len(), 40);
    assert_eq!(
        files_with(&state, &secret),
        ["azure/login/admin.secret", "azure/store/principals.json"],
        "only in files of the store and of the login"
    );
    for file in ["admin.secret", "admin.pem"] {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(state.join("azure/login").join(file)).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let (said, status) = up.end();
    assert_eq!(status, Some(0));
    assert!(!said.contains(&secret));
    insta::assert_snapshot!(world.filtered(&said), @r#"
        the local Azure is up at http://127.0.0.1:PORT
        state: ROOT/xdg/slipway/shop-HASH

        In another shell, so that az and other clients use it:

          export HTTPS_PROXY=http://127.0.0.1:PORT
          export REQUESTS_CA_BUNDLE=ROOT/xdg/slipway/shop-HASH/azure/ca-bundle.pem
          export AZURE_CONFIG_DIR=ROOT/xdg/slipway/shop-HASH/az

        Sign in, reading the credential from a file that only you can read:

          az login --service-principal --tenant contoso.onmicrosoft.com --username GUID --password @ROOT/xdg/slipway/shop-HASH/azure/login/admin.secret  # admin
          az login --service-principal --tenant contoso.onmicrosoft.com --username GUID --certificate ROOT/xdg/slipway/shop-HASH/azure/login/admin.pem  # admin
          az keyvault secret list --vault-name shop-vault

        `slipway run` on the same state uses it. Ctrl-C ends it.
        the local Azure is down; what is in its vaults is kept
        "#);
    assert_eq!(files_with(&state, &secret), ["azure/store/principals.json"], "the login is gone with it");
}

#[test]
fn a_run_uses_the_one_that_is_up_and_says_when_its_description_has_changed() {
    let world = World::new(&[("slipway.local.yml", LOCAL_AZURE), ("ci.yml", HELLO)]);
    let up = Up::start(&world);
    let said = world.slipway(&["run", "ci.yml"]);
    assert!(said.starts_with("exit 0\n--- stdout\nusing the local Azure of process PID\nci, run 1"), "{said}");
    world.write("slipway.local.yml", &LOCAL_AZURE.replace("shop-vault", "other-vault"));
    let said = world.slipway(&["run", "ci.yml"]);
    let warning = "using the local Azure of process PID\nwarning: slipway.local.yml has changed since `slipway azure up` began; end that one and start it again to have the changes\n";
    assert!(said.contains(warning), "{said}");
    up.end();
    let said = world.slipway(&["run", "ci.yml"]);
    assert!(said.starts_with("exit 0\n--- stdout\nci, run 3"), "it starts one of its own: {said}");
    assert!(!state_of(&world).join("azure/endpoint.json").exists(), "and ends it");
}

#[test]
fn credentials_of_one_that_was_killed_are_removed_by_the_next_run() {
    let world = World::new(&[("slipway.local.yml", LOCAL_AZURE), ("ci.yml", HELLO)]);
    let mut up = Up::start(&world);
    up.child.kill().unwrap();
    up.child.wait().unwrap();
    let login = state_of(&world).join("azure/login");
    assert!(login.join("admin.secret").exists(), "nobody could remove it");
    let said = world.slipway(&["run", "ci.yml"]);
    assert!(said.starts_with("exit 0\n--- stdout\nci, run 1"), "{said}");
    assert!(!login.exists());
}

#[test]
fn one_at_a_time_on_a_state_folder() {
    let world = World::new(&[("slipway.local.yml", LOCAL_AZURE)]);
    let up = Up::start(&world);
    insta::assert_snapshot!(world.slipway(&["azure", "up"]), @r#"
        exit 2
        --- stderr
        error: the local Azure in `ROOT/xdg/slipway/shop-HASH/azure` is already served by process PID. Use that one, end it, or name another state folder.
        "#);
    assert_eq!(up.end().1, Some(0));
    assert_eq!(Up::start(&world).end().1, Some(0));
}

#[test]
fn faults_are_ordered_from_another_shell() {
    let world = World::new(&[("slipway.local.yml", LOCAL_AZURE)]);
    insta::assert_snapshot!(world.slipway(&["azure", "fault", "throttle"]), @r#"
        exit 2
        --- stderr
        error: no local Azure runs on the state folder `ROOT/xdg/slipway/shop-HASH`
          hint: start it with `slipway azure up`; name another state folder with `--state FOLDER`
        "#);
    let up = Up::start(&world);
    insta::assert_snapshot!(world.slipway(&["azure", "fault", "throttle", "--host", "*.vault.azure.net", "--seconds", "3", "--times", "2"]), @r#"
        exit 0
        --- stdout
        ordered: the next 2 requests to host `*.vault.azure.net`, path `*`
        "#);
    insta::assert_snapshot!(world.slipway(&["azure", "fault", "status", "--times", "0"]), @r#"
        exit 2
        --- stderr
        error: the local Azure refused: this fault cannot be ordered: `times` is 0, 1 or more is expected
        "#);
    insta::assert_snapshot!(world.slipway(&["azure", "fault", "--clear"]), @r#"
        exit 0
        --- stdout
        all faults are forgotten
        "#);
    insta::assert_snapshot!(world.slipway(&["azure", "fault"]), @r#"
        exit 2
        --- stderr
        error: the following required arguments were not provided:
          <KIND>

        Usage: slipway azure fault <KIND>

        For more information, try '--help'.
        "#);
    up.end();
}

#[test]
fn without_a_description_and_without_a_terminal_to_ask_at() {
    let world = World::new(&[]);
    insta::assert_snapshot!(world.slipway(&["azure", "up"]), @r#"
        exit 2
        --- stderr
        error: there is no `slipway.local.yml` in `ROOT/shop`
          hint: it describes the local Azure: docs/slipway-local-yml.md has a complete example; name another file with `--config FILE`
        "#);
    let asked = LOCAL_AZURE.replace("generate: {randomText: {length: 24}}", "prompt: true");
    assert_ne!(asked, LOCAL_AZURE);
    world.write("slipway.local.yml", &asked);
    insta::assert_snapshot!(world.slipway(&["azure", "up"]), @r#"
        exit 2
        --- stderr
        error: there is no value for `password` of the vault `shop-vault` (there is no terminal to ask at; run `slipway azure up` once at a terminal).
        "#);
    world.write("ci.yml", HELLO);
    insta::assert_snapshot!(world.slipway(&["run", "ci.yml"]), @r#"
        exit 2
        --- stderr
        error: there is no value for `password` of the vault `shop-vault` (there is no terminal to ask at; run `slipway azure up` once at a terminal).
        "#);
}
