//! A large pipeline: 200 templates and 2,000 steps.

use std::time::Instant;

use super::*;

#[test]
fn two_hundred_templates_and_two_thousand_steps_take_little_time() {
    let references: String = (0..200)
        .map(|number| {
            format!(
                "  - template: steps/t{}.yml\n    parameters:\n      name: n{number}\n      more: ${{{{ parameters.list }}}}\n",
                number % 100
            )
        })
        .collect();
    let steps: String = (0..10)
        .map(|number| format!("- ${{{{ if ne(parameters.name, 'x{number}') }}}}:\n  - task: CmdLine@2\n    displayName: Step {number} of ${{{{ parameters.name }}}}\n    inputs:\n      script: echo ${{{{ variables.a }}}} ${{{{ join(',', parameters.more) }}}}\n    env:\n      NAME: ${{{{ parameters.name }}}}\n"))
        .collect();
    let bench = Bench::new(&format!(
        "parameters:\n- name: list\n  type: object\n  default: [a, b, c]\nvariables: {{a: 1}}\njobs:\n- job: a\n  steps:\n{references}"
    ));
    let bench = (0..100).fold(bench, |bench, number| {
        bench.file(&format!("steps/t{number}.yml"), &format!("parameters:\n- name: name\n- name: more\n  type: object\nsteps:\n{steps}"))
    });
    let start = Instant::now();
    let expanded = bench.expand().unwrap();
    let expansion = start.elapsed();
    let start = Instant::now();
    let text = expanded.to_yaml();
    let writing = start.elapsed();
    assert_eq!(text.matches("- task:").count(), 2_000);
    // Far below 100 ms in a release build; here only what is not linear is looked for.
    assert!(expansion.as_secs() < 5, "{expansion:?}");
    println!("expanded in {expansion:?}, written in {writing:?}");
}
