use super::*;

fn workspace() -> Workspace {
    let (base, root) = ("/w".into(), "/w/shop".into());
    Workspace { ecosystem: "Cargo", base, root, folder: "shop".into(), packages: Vec::new(), locked: false }
}

/// `name=outcome` of each test; the first line of the message, the place.
fn read(names: &[&str], output: &str, broken: Option<&Broken>, threads: usize) -> Vec<String> {
    let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
    let mut parser = if names.is_empty() { Libtest::unlisted() } else { Libtest::listed(&names, &[]) };
    output.lines().for_each(|line| parser.line(line));
    let show = |case: TestCase| {
        let message = case.message.map(|message| format!(" ({})", message.replace('\n', "|"))).unwrap_or_default();
        let place = case.place.map(|place| format!(" {}:{}:{}", place.path, place.line, place.column)).unwrap_or_default();
        format!("{}={:?}{message}{place}", case.name, case.outcome)
    };
    parser.finish(broken, threads, &workspace()).into_iter().map(show).collect()
}

#[test]
fn results_messages_and_places() {
    let output = "
running 5 tests
test t::slow ... ignored, takes a minute
test t::adds ... ok
test t::panics - should panic ... ok
test t::fails ... FAILED
test t::result ... FAILED

failures:

---- t::fails stdout ----
hello

thread 't::fails' (4711) panicked at orders/src/lib.rs:12:9:
assertion `left == right` failed: sums
  left: 1
 right: 2
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace

---- t::result stdout ----
Error: \"no\"


failures:
    t::fails
    t::result

test result: FAILED. 2 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
";
    let names = ["t::adds", "t::fails", "t::panics", "t::result", "t::slow"];
    let expected = [
        "t::adds=Passed",
        "t::fails=Failed (assertion `left == right` failed: sums|  left: 1| right: 2) shop/orders/src/lib.rs:12:9",
        "t::panics=Passed",
        "t::result=Failed (Error: \"no\")",
        "t::slow=Skipped (ignored: takes a minute)",
    ];
    assert_eq!(read(&names, output, None, 2), expected);
    let mut unlisted = read(&[], output, None, 2);
    unlisted.sort();
    assert_eq!(unlisted[1..2], expected[1..2]);
    assert_eq!(unlisted[2], "t::panics - should panic=Passed", "the suffix may belong to the name when names are not listed");
}

#[test]
fn what_tests_print_between_the_lines_does_not_confuse() {
    // A program that a test starts writes to the same output.
    let output = "
running 3 tests
test a ... some text
test result: none of it
test b ... FAILED
failures:
test nobody ... ok
ok
noise without an endtest b ... ok
failures:
    b
more noise
test c ... FAILED

failures:

---- c stdout ----
failures:
    a
---- nobody stdout ----
test a ... FAILED

failures:
    c

test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";
    let read = read(&["a", "b", "c"], output, None, 1);
    assert_eq!(read[2].split(' ').next(), Some("c=Failed"), "{read:?}");
    assert_eq!(read.len(), 3);
}

#[test]
fn a_program_that_died_fails_the_tests_that_ran() {
    let output = "running 4 tests\ntest a ... ok\n";
    let broken = Broken { outcome: TestOutcome::Failed, reason: "died of signal 6".into() };
    let names = ["a", "b", "c", "d"];
    assert_eq!(
        read(&names, output, Some(&broken), 2),
        ["a=Passed", "b=Failed (died of signal 6)", "c=Failed (died of signal 6)", "d=Skipped (not run: died of signal 6)"]
    );
    let one_thread = "running 4 tests\ntest a ... ok\ntest b ... ";
    let not_run = |name: &str| format!("{name}=Skipped (not run: died of signal 6)");
    assert_eq!(read(&names, one_thread, Some(&broken), 2)[1..], ["b=Failed (died of signal 6)".to_owned(), not_run("c"), not_run("d")]);
    let slow = format!("{output}test c has been running for over 60 seconds\n");
    assert_eq!(read(&names, &slow, Some(&broken), 2)[1..], [not_run("b"), "c=Failed (died of signal 6)".to_owned(), not_run("d")]);
}

#[test]
fn documentation_tests_have_their_place_in_their_name_and_run_in_two_parts() {
    let output = "
running 1 test
test src/lib.rs - add (line 3) ... FAILED

failures:

---- src/lib.rs - add (line 3) stdout ----
Test executable failed (exit status: 101).

stderr:

thread 'main' (9) panicked at /tmp/rustdoctest/x.rs:5:1:
assertion failed: false

failures:
    src/lib.rs - add (line 3)

test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.20s

running 1 test
test src/lib.rs - sub (line 9) - compile fail ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.02s
";
    assert_eq!(
        read(&[], output, None, 1),
        [
            "src/lib.rs - add (line 3)=Failed (assertion failed: false) shop/src/lib.rs:3:1",
            "src/lib.rs - sub (line 9) - compile fail=Passed"
        ]
    );
}

#[test]
fn lists_of_names() {
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(names(&lines("t::a: test\nt::b: benchmark\n\n1 test, 1 benchmark\n")), Some(vec!["t::a".to_owned()]));
    assert_eq!(names(&lines("all is well\n")), None);
}

/// Of a line that is cut, a secret could be left of which the masker knows only the whole.
#[test]
fn the_end_of_a_long_output_is_kept_in_whole_lines() {
    let line = "é the key is planted-0123456789\n";
    for (text, kept) in [
        (String::new(), 0),
        // As much as is kept, and the newline before it: nothing is cut.
        ("x".repeat(KEPT), KEPT),
        (format!("\n{}", "x".repeat(KEPT)), KEPT),
        // One byte more: the line in which the cut is goes as a whole, also if there is no other.
        (format!("x{}\n{}", line.trim_end(), "y".repeat(KEPT - 1)), KEPT - 1),
        (format!("{}\n{}", line.trim_end(), "y".repeat(KEPT + 1)), 0),
        ("x".repeat(KEPT + 1), 0),
        (format!("{}\n", "x".repeat(KEPT)), 0),
        (line.repeat(KEPT), KEPT / line.len() * line.len()),
    ] {
        let tail = tail(&text);
        assert_eq!(tail.len(), kept, "of {} bytes", text.len());
        assert!(text.ends_with(tail));
    }

    // The same of what a test prints, however often it is cut while it is read.
    let output: String = (0..20_000).map(|number| format!("é {number}: the key is planted-0123456789\n")).collect();
    let output = format!(
        "running 1 test\ntest noisy ... FAILED\n\nfailures:\n\n---- noisy stdout ----\n{output}last words\n\nfailures:\n    noisy\n\n\
         test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n"
    );
    assert!(output.len() > 4 * KEPT, "it is cut more than once");
    let mut parser = Libtest::listed(&["noisy".to_owned()], &[]);
    output.lines().for_each(|line| parser.line(line));
    let case = parser.finish(None, 1, &workspace()).remove(0);
    assert!((KEPT - 100..=KEPT).contains(&case.output.len()), "{} bytes", case.output.len());
    let lines: Vec<&str> = case.output.lines().collect();
    let (last, lines) = lines.split_last().unwrap();
    assert_eq!((*last, case.message.as_deref()), ("last words", Some("last words")));
    let first = 20_000 - lines.len();
    for (number, line) in (first..).zip(lines) {
        assert_eq!(*line, format!("é {number}: the key is planted-0123456789"));
    }
}
