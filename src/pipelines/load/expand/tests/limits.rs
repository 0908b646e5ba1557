//! facts/pipeline-yaml.md 2.5, "Limits".

use super::*;

#[test]
fn a_pipeline_has_at_most_100_templates() {
    let make = |count: usize| {
        let references: String = (0..count).map(|number| format!("- template: t{number}.yml\n")).collect();
        let bench = Bench::new(&format!("steps:\n{references}"));
        (0..count).fold(bench, |bench, number| bench.file(&format!("t{number}.yml"), "steps:\n- script: a\n"))
    };
    assert_eq!(yaml(&make(100)).lines().count(), 101);
    assert!(
        problems(&make(101)).starts_with("ci.yml:102:13: error: the pipeline is made of more than 100 files\n"),
        "{}",
        problems(&make(101))
    );
    // One file that is used often is one.
    assert_eq!(
        yaml(&Bench::new(&format!("steps:\n{}", "- template: t.yml\n".repeat(300))).file("t.yml", "steps:\n- script: a\n")).lines().count(),
        301
    );
}

#[test]
fn templates_are_nested_at_most_100_levels_deep() {
    // The documentation allows 100 levels; a template that includes itself with other parameters comes to an end.
    let recursive = "parameters:\n- {name: n}\nsteps:\n- ${{ if parameters.n }}:\n  - template: t.yml\n    parameters:\n      n: ${{ substring(parameters.n, 1) }}\n";
    let bench = |depth: usize| {
        let text = format!("steps:\n- script: a\n- template: t.yml\n  parameters:\n    n: {}\n", "x".repeat(depth - 1));
        Bench::new(&text).file("t.yml", recursive)
    };
    assert_eq!(yaml(&bench(100)), "steps:\n- script: a\n");
    assert!(problems(&bench(101)).contains("templates include each other more than 100 levels deep"));
    let endless = "parameters:\n- {name: n}\nsteps:\n- template: t.yml\n  parameters: {n: '${{ parameters.n }}x'}\n";
    insta::assert_snapshot!(problems(&Bench::new("steps:\n- template: t.yml\n  parameters: {n: x}\n").file("t.yml", endless)), @r"
    t.yml:4:13: error: templates include each other more than 100 levels deep: the template includes itself: `t.yml` -> `t.yml`
      4 | - template: t.yml
        |             ^
      included from t.yml:4:13
      included from t.yml:4:13
      included from t.yml:4:13
      included from t.yml:4:13
      ... 92 more
      included from t.yml:4:13
      included from t.yml:4:13
      included from t.yml:4:13
      included from ci.yml:2:13
      hint: a template that includes itself must come to an end: `${{ if }}` around the include
    ");
}

#[test]
fn a_template_that_includes_itself_is_told_of_with_the_way_there() {
    let bench = Bench::new("steps:\n- template: a.yml\n")
        .file("a.yml", "steps:\n- template: sub/b.yml\n")
        .file("sub/b.yml", "steps:\n- template: ../a.yml\n- script: ${{ eqq(1, 2) }}\n");
    insta::assert_snapshot!(problems(&bench), @r"
    sub/b.yml:2:13: error: the template includes itself: `a.yml` -> `sub/b.yml` -> `a.yml`
      2 | - template: ../a.yml
        |             ^
      included from a.yml:2:13
      included from ci.yml:2:13
      hint: remove one of these includes
    sub/b.yml:3:15: error: unknown function: `eqq`
      3 | - script: ${{ eqq(1, 2) }}
        |               ^
      included from a.yml:2:13
      included from ci.yml:2:13
      hint: did you mean `eq`?
    ");
    insta::assert_snapshot!(problems(&Bench::new("extends:\n  template: ci.yml\n")), @r"
    ci.yml:2:13: error: the template includes itself: `ci.yml` -> `ci.yml`
      2 |   template: ci.yml
        |             ^
      hint: remove one of these includes
    ");
}

#[test]
fn memory_and_work_have_limits() {
    let ten = "[a, b, c, d, e, f, g, h, i, j]";
    let open: String = (0..8).map(|depth| format!("{}- ${{{{ each v{depth} in parameters.x }}}}:\n", "  ".repeat(depth))).collect();
    let nothing = format!(
        "parameters: {{x: {ten}}}\nsteps:\n{open}{}- ${{{{ if false }}}}:\n{}- script: a\n- script: b\n",
        "  ".repeat(8),
        "  ".repeat(9)
    );
    let told = problems(&Bench::new(&nothing));
    assert!(told.contains("more than 1000000 values are computed while the templates are expanded"), "{told}");
    let long = "x".repeat(30_000);
    let much = format!(
        "parameters: {{x: {ten}}}\nsteps:\n- ${{{{ each a in parameters.x }}}}:\n  - ${{{{ each b in parameters.x }}}}:\n    - ${{{{ each c in parameters.x }}}}:\n      - script: {long}\n"
    );
    let told = problems(&Bench::new(&much));
    assert!(told.contains("the pipeline needs more than 20 MB of memory"), "{}", told.lines().next().unwrap_or_default());
    let enough = much.replace(&long, "x");
    assert_eq!(yaml(&Bench::new(&enough)).lines().count(), 1001);
}

#[test]
fn deep_nesting_within_deep_nesting_does_not_end_the_stack() {
    let open: String = (0..45).map(|depth| format!("{}- ${{{{ if true }}}}:\n", "  ".repeat(depth))).collect();
    let indent = "  ".repeat(45);
    let template = format!(
        "parameters:\n- name: n\nsteps:\n{open}{indent}- template: t.yml\n{indent}  parameters: {{n: '${{{{ parameters.n }}}}x'}}\n"
    );
    let told = problems(&Bench::new("steps:\n- template: t.yml\n  parameters: {n: x}\n").file("t.yml", &template));
    assert!(told.contains("templates include each other more than 100 levels deep"), "{}", told.lines().next().unwrap_or_default());
    let deeper = format!(
        "parameters:\n- name: n\n  type: object\nsteps:\n- template: t.yml\n  parameters:\n    n: {}'${{{{ parameters.n }}}}'{}\n",
        "[".repeat(40),
        "]".repeat(40)
    );
    let told = problems(&Bench::new("steps:\n- template: t.yml\n  parameters: {n: x}\n").file("t.yml", &deeper));
    assert!(told.contains("the value is nested more than 100 levels deep"), "{}", told.lines().next().unwrap_or_default());
}

#[test]
fn expressions_have_their_limits_and_places() {
    // facts/pipeline-yaml.md 2.5: length 21000 characters, depth 50, memory 1 MiB
    let long = format!("'{}'", "x".repeat(21_000));
    let told = problems(&Bench::new(&format!("steps:\n- script: ${{{{ {long} }}}}\n")));
    assert!(told.starts_with("ci.yml:2:14: error: the expression has 21004 characters, at most 21000 are allowed"), "{}", &told[..100]);
    let deep = format!("{}true{}", "not(".repeat(50), ")".repeat(50));
    let told = problems(&Bench::new(&format!("steps:\n- script: a\n- ${{{{ if {deep} }}}}:\n  - script: b\n")));
    assert!(told.contains("functions and brackets are nested too deep, at most 49 may be open at once"), "{told}");
    let much = "parameters: {x: x}\nvariables:\n- {name: a, value: '${{ format(''{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}'', parameters.x) }}'}\n";
    let more: String =
        ('b'..='g').map(|name| {
            let before = char::from(u8::try_from(name).unwrap() - 1);
            format!("- {{name: {name}, value: '${{{{ format(''{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}{{0}}'', variables.{before}) }}}}'}}\n")
        }).collect();
    let told = problems(&Bench::new(&format!("{much}{more}steps:\n- script: b\n")));
    assert!(
        told.starts_with("ci.yml:8:25: error: The maximum allowed memory size was exceeded while evaluating the following expression:"),
        "{}",
        told.lines().next().unwrap_or_default()
    );
}
