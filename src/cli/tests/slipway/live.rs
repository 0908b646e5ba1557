//! What a person sees on a terminal: the real binary on a pseudo-terminal, and the screen that is left.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use crate::support::World;
use rustix::process::{Pid, Signal};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Runs `slipway` on a pseudo-terminal of 30 lines and 100 columns; returns its exit status and all that it wrote.
fn on_a_terminal(world: &World, arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    typing(world, arguments, variables, &[])
}

/// What a person does when they read something.
enum Does {
    Types(&'static str),
    PressesCtrlC,
}

/// The same with a person who answers: each entry is done once, when what it waits for has been written since the one before.
fn typing(world: &World, arguments: &[&str], variables: &[(&str, &str)], answers: &[(&str, Does)]) -> (Option<i32>, String) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let slave = File::options().read(true).write(true).open(path).unwrap();
    rustix::termios::tcsetwinsize(&slave, rustix::termios::Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let mut command = world.command(arguments);
    if !answers.is_empty() {
        command.stdin(OwnedFd::from(slave.try_clone().unwrap()));
    }
    command.envs(variables.iter().copied()).stdout(OwnedFd::from(slave));
    let mut child = command.spawn().unwrap();
    // Our own copy of the terminal's end is closed with the command, so that reading ends when the child does.
    drop(command);
    let mut master = File::from(master);
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let (mut seen, mut done) = (0, 0);
    // Linux says EIO when nobody has the terminal open any more.
    while let Ok(length @ 1..) = master.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&bytes[seen..]).into_owned();
        if let Some((prompt, does)) = answers.get(done)
            && text.contains(prompt)
        {
            (seen, done) = (bytes.len(), done + 1);
            match does {
                Does::Types(line) => writeln!(master, "{line}").unwrap(),
                // The child has no terminal of its own that would turn the key into the signal.
                Does::PressesCtrlC => rustix::process::kill_process(Pid::from_child(&child), Signal::INT).unwrap(),
            }
        }
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

const ASKS: &str = "\
jobs:
- job: Ask
  pool: server
  timeoutInMinutes: 0
  steps:
  - task: ManualValidation@1
    displayName: Is it good
    inputs:
      notifyUsers: ada@example.com
      instructions: Try it
- job: Next
  dependsOn: Ask
  steps:
  - checkout: none
  - script: echo went on
";

/// The screen, without what differs from day to day.
fn answered(world: &World, output: &str) -> String {
    let until = regex_lite::Regex::new(r"until \d{4}-\d\d-\d\d \d\d:\d\d UTC").unwrap();
    until.replace_all(&world.filtered(&screen(output)), "until MOMENT UTC").into_owned()
}

#[test]
fn a_person_is_asked_and_the_run_goes_on() {
    let world = World::new(&[("ask.yml", ASKS)]);
    let answers = [("approve? ", Does::Types("perhaps")), ("approve? ", Does::Types("y")), ("comment ", Does::Types("looks good"))];
    let (status, output) = typing(&world, &["run", "ask.yml"], &[("TERM", "xterm-256color")], &answers);
    assert_eq!(status, Some(0), "{output}");
    insta::assert_snapshot!(answered(&world, &output), @r"

        waiting: the validation `Is it good`
          for ada@example.com; you answer in their place
          Try it
          until MOMENT UTC
        approve? [y]es, [n]o, [l]ater: perhaps
        not an answer: `perhaps`; type y, n or l
        approve? [y]es, [n]o, [l]ater: y
        comment (may be empty): looks good
        the validation `Is it good`: approved by ada: looks good

        ask, run 1 (DATE.1): succeeded in TIME

          succeeded TIME  Ask
          succeeded TIME    Is it good
          succeeded TIME  Next
          succeeded TIME    CmdLine

        questions
          the validation `Is it good`: approved by ada: looks good

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        ");
}

#[test]
fn later_stops_the_run_and_another_day_it_goes_on() {
    let world = World::new(&[("ask.yml", ASKS)]);
    let (status, output) = typing(&world, &["run", "ask.yml"], &[("TERM", "dumb")], &[("approve? ", Does::Types("l"))]);
    assert_eq!(status, Some(3), "{output}");
    let answers = [("approve? ", Does::Types("n")), ("comment ", Does::Types(""))];
    let (status, output) = typing(&world, &["runs", "resume", "1"], &[("TERM", "xterm-256color")], &answers);
    assert_eq!(status, Some(1), "{output}");
    insta::assert_snapshot!(answered(&world, &output), @r"

        waiting: the validation `Is it good`
          for ada@example.com; you answer in their place
          Try it
          until MOMENT UTC
        approve? [y]es, [n]o, [l]ater: n
        comment (may be empty): 
        the validation `Is it good`: rejected by ada
        [Ask] step Is it good: failed in TIME
          Waiting for a person to validate the run.
          To be told: ada@example.com
          Instructions: Try it
          error: `ada` rejected the validation. What speaks against it must be put right, and the pipeline run again.

        ask, run 1 (DATE.1): failed in TIME

          failed TIME  Ask
          failed TIME    Is it good
          skipped              –  Next  (Its condition is false: `succeeded()`.)

        issues
          error: Is it good: `ada` rejected the validation. What speaks against it must be put right, and the pipeline run again.

        questions
          the validation `Is it good`: rejected by ada

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        ");
}

#[test]
fn ctrl_c_at_a_question_cancels_the_run() {
    let world = World::new(&[("ask.yml", ASKS)]);
    let (status, output) = typing(&world, &["run", "ask.yml"], &[("TERM", "dumb")], &[("approve? ", Does::PressesCtrlC)]);
    assert_eq!(status, Some(130), "{output}");
    insta::assert_snapshot!(answered(&world, &output), @r"
        ask, run 1 (DATE.1)
        job Ask: started without an agent
        [Ask] step Is it good: started
        [Ask]   Waiting for a person to validate the run.
        [Ask]   To be told: ada@example.com
        [Ask]   Instructions: Try it
        waiting: the validation `Is it good`
          for ada@example.com; you answer in their place
          Try it
          until MOMENT UTC
        approve? [y]es, [n]o, [l]ater: 
        canceling; press Ctrl-C again to end everything at once
        [Ask]   error: The operation was canceled.
        [Ask] step Is it good: canceled in TIME
        job Ask: canceled in TIME
        job Next: canceled in TIME (Its condition is false: `succeeded()`.)

        ask, run 1 (DATE.1): canceled in TIME

          canceled TIME  Ask
          canceled TIME    Is it good
          canceled TIME  Next  (Its condition is false: `succeeded()`.)

        issues
          error: Is it good: The operation was canceled.

        questions
          the validation `Is it good`: not answered

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        ");
    assert!(world.slipway(&["runs", "resume", "1"]).contains("run 1 waits for nothing: it is over (canceled)"));
}
