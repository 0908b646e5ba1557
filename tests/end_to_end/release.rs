//! `steps/build-rust-release.yml`: the same sources give the same bytes, wherever they lie, and the program needs nothing of the machine.

use std::fs;
use std::path::PathBuf;

use slipway_tests::{Finished, World, root};

const PIPELINE: &str = "\
resources:
  repositories:
  - repository: slipway
    type: git
    name: shop/slipway-templates
    ref: refs/tags/v1
steps:
- checkout: self
  persistCredentials: false
- template: steps/build-rust-release.yml@slipway
  parameters:
    folder: services/hello
    program: hello
    output: $(Build.BinariesDirectory)/hello
- publish: $(Build.BinariesDirectory)/hello
  artifact: hello
";

/// A program with a procedural macro, which cannot be static, and a library outside of its folder with a panic, whose message holds the path
/// of the source file.
const PACKAGE: [(&str, &str); 8] = [
    (
        "services/hello/Cargo.toml",
        "[package]\nname = \"hello\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nmacros = { path = \"../macros\" }\nwords = { path = \"../words\" }\n\n[profile.release]\ncodegen-units = 1\nstrip = true\n\n[workspace]\n",
    ),
    (
        "services/hello/Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"hello\"\nversion = \"0.1.0\"\ndependencies = [\n \"macros\",\n \"words\",\n]\n\n[[package]]\nname = \"macros\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"words\"\nversion = \"0.1.0\"\n",
    ),
    (
        "services/hello/src/main.rs",
        "fn main() {\n    println!(\"{}\", words::pick(&[macros::greeting!()], std::env::args().count()));\n}\n",
    ),
    (
        "services/macros/Cargo.toml",
        "[package]\nname = \"macros\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\nproc-macro = true\n\n[workspace]\n",
    ),
    (
        "services/macros/src/lib.rs",
        "#[proc_macro]\npub fn greeting(_: proc_macro::TokenStream) -> proc_macro::TokenStream {\n    \"\\\"hello\\\"\".parse().unwrap()\n}\n",
    ),
    ("services/words/Cargo.toml", "[package]\nname = \"words\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n"),
    (
        "services/words/src/lib.rs",
        "pub fn pick<'a>(words: &[&'a str], number: usize) -> &'a str {\n    words.get(number - 1).expect(\"so many words\")\n}\n",
    ),
    ("azure-pipelines.yml", PIPELINE),
];

/// The bytes of the program that a run in a world of its own builds, with these files besides.
fn built(more: &[(&str, &str)]) -> Vec<u8> {
    let world = World::new(&[&PACKAGE, more].concat());
    let templates = format!("shop/slipway-templates={}", root().join("templates").display());
    let mut command = world.run_command("azure-pipelines.yml");
    command.args(["--repository", &templates]).env("CARGO_HOME", world.folder().join("cargo"));
    let rustup = std::env::var_os("RUSTUP_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".rustup")));
    command.env("RUSTUP_HOME", rustup.expect("a home"));
    command.envs(std::env::var_os("RUSTUP_TOOLCHAIN").map(|toolchain| ("RUSTUP_TOOLCHAIN", toolchain)));
    let finished = Finished::of(World::start(command));
    assert_eq!(finished.status, 0, "{}", finished.text(&world));
    let program = fs::read(world.state().join("runs/1/artifacts/hello/hello")).expect("the artifact");

    assert!(holds(&program, "words/src/lib.rs"), "the message of the panic names the source file");
    assert!(!holds(&program, &world.folder().display().to_string()), "the program holds a path of the machine");
    program
}

fn holds(program: &[u8], text: &str) -> bool {
    program.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn the_same_sources_give_the_same_static_program_in_any_folder() {
    let program = built(&[]);
    let documented = built(&[("README.md", "A change of documentation alone."), ("services/hello/README.md", "And another.")]);
    assert!(program == documented, "two builds of the same sources differ");
    let changed = built(&[("services/macros/src/lib.rs", &PACKAGE[4].1.replace("hello", "howdy"))]);
    assert!(program != changed, "another program has the same bytes");
    // A program that is not static names its loader, as this test does.
    let loader = "/lib64/ld-linux";
    assert!(holds(&fs::read(std::env::current_exe().expect("a path")).expect("this program"), loader));
    assert!(!holds(&program, loader), "the program is not static");
}
