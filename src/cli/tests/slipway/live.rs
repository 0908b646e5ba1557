//! What a person sees on a terminal: the real binary on a pseudo-terminal, and the screen that is left.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;

use crate::support::World;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Runs `slipway` on a pseudo-terminal of 30 lines and 100 columns; returns its exit status and all that it wrote.
fn on_a_terminal(world: &World, arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let slave = File::options().read(true).write(true).open(path).unwrap();
    rustix::termios::tcsetwinsize(&slave, rustix::termios::Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let mut command = world.command(arguments);
    command.envs(variables.iter().copied()).stdout(OwnedFd::from(slave));
    let mut child = command.spawn().unwrap();
    // Our own copy of the terminal's end is closed with the command, so that reading ends when the child does.
    drop(command);
    let mut master = File::from(master);
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    // Linux says EIO when nobody has the terminal open any more.
    while let Ok(length @ 1..) = master.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..length]);
    }
    (child.wait().unwrap().code(), String::from_utf8(bytes).unwrap())
}

/// The lines that are left on the screen: knows line ends, going up, clearing downwards, and colours.
fn screen(output: &str) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    let mut rest = output;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\r' => {}
            '\n' => lines.push(String::new()),
            '\u{1b}' => {
                let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                let (number, command) = (rest[1..end].parse::<usize>(), &rest[end..=end]);
                match command {
                    "A" => {
                        let left = lines.len() - number.unwrap();
                        lines.truncate(left);
                    }
                    "J" => *lines.last_mut().unwrap() = String::new(),
                    "m" => {}
                    other => panic!("unknown sequence {other}"),
                }
                rest = &rest[end + 1..];
            }
            c => lines.last_mut().unwrap().push(c),
        }
    }
    lines.join("\n")
}

const PIPELINE: &str = "\
steps:
- checkout: none
- script: |
    echo well
  displayName: Goes well
- script: |
    for n in $(seq 40); do echo line $n; done
    printf '\\033[2Jcleared\\n'
    exit 1
  displayName: Goes wrong
";

#[test]
fn the_log_of_a_step_is_folded_unless_it_fails() {
    let world = World::new(&[("ci.yml", PIPELINE)]);
    let (status, output) = on_a_terminal(&world, &["run", "ci.yml"], &[("TERM", "xterm-256color")]);
    assert_eq!(status, Some(1), "{output}");
    assert!(output.contains("\u{1b}[31m"), "failures are red: {output:?}");
    insta::assert_snapshot!(world.filtered(&screen(&output)), @r#"
        step Goes wrong: failed in TIME
          … 21 earlier lines in ROOT/xdg/slipway/shop-HASH/runs/1/logs/__default.Job_1/02-Goes wrong.log
          line 14
          line 15
          line 16
          line 17
          line 18
          line 19
          line 20
          line 21
          line 22
          line 23
          line 24
          line 25
          line 26
          line 27
          line 28
          line 29
          line 30
          line 31
          line 32
          line 33
          line 34
          line 35
          line 36
          line 37
          line 38
          line 39
          line 40
          cleared
          error: Bash exited with code '1'.
          Finishing: Goes wrong

        ci, run 1 (DATE.1): failed in TIME

          failed TIME  Job
          succeeded TIME    Goes well
          failed TIME    Goes wrong

        issues
          error: Goes wrong: Bash exited with code '1'.

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        "#);
}

#[test]
fn without_colours_where_they_are_not_wanted() {
    let world = World::new(&[("ci.yml", PIPELINE)]);
    let (_, output) = on_a_terminal(&world, &["run", "ci.yml"], &[("TERM", "xterm-256color"), ("NO_COLOR", "1")]);
    assert!(!output.contains("\u{1b}[31m"), "{output:?}");
    assert!(output.contains("\u{1b}["), "but drawn in place: {output:?}");
    let (_, output) = on_a_terminal(&world, &["run", "ci.yml"], &[("TERM", "dumb")]);
    assert!(!output.contains('\u{1b}'), "{output:?}");
    assert!(output.contains("line 1\r\n"), "plain lines have the whole log: {output:?}");
}
