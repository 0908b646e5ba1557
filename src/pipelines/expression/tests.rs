//! The engine against facts/pipeline-yaml.md 2.6, paragraph by paragraph.

use super::*;

/// Values of a place with everything: `v`, and functions `always()` and `fail()`.
const VOCABULARY: Vocabulary = Vocabulary {
    place: "a test",
    named_values: &["v", "variables"],
    functions: &[Function { name: "always", min: 0, max: 0 }, Function { name: "fail", min: 0, max: 1 }],
    compile_time: true,
};

struct Test(Value);

impl Test {
    fn new() -> Self {
        let text = |text: &str| Value::string(text);
        let person = |name: &str, age: u8| Value::object([("Name", text(name)), ("age", Value::number(age))]);
        let no_age = Value::object([("name", text("Cy"))]);
        Self(Value::object([
            ("empty", text("")),
            ("word", text("Hello")),
            ("zero", text("0")),
            ("False", text("False")),
            ("my-var", text("dashed")),
            ("secret", text("hunter2's")),
            ("list", Value::array(vec![text("a"), Value::number(2), Value::Boolean(true), Value::Null, Value::object([("k", text("v"))])])),
            ("none", Value::array(vec![])),
            ("people", Value::array(vec![person("Al", 30), person("Bo", 40), no_age])),
            ("map", Value::object([("x", person("Xi", 1)), ("y", person("Yo", 2))])),
            ("deep", Value::array(vec![Value::array(vec![text("a"), text("b")]), Value::array(vec![text("c")])])),
            ("time", Value::DateTime(DateTime::parse("2026-01-02T03:04:05Z").unwrap())),
            ("long", text(&"x".repeat(300_000))),
        ]))
    }
}

impl Host for Test {
    fn named_value(&self, _: &str) -> Value {
        self.0.clone()
    }

    fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, String> {
        match (function, arguments) {
            ("always", _) => Ok(Value::Boolean(true)),
            (_, [value]) => Err(format!("refused {:?}", value.kind())),
            _ => Err("refused".to_owned()),
        }
    }

    fn mask(&self, text: &str) -> String {
        text.replace("hunter2's", "***")
    }
}

/// The value as a trace shows it, or the error.
fn eval(text: &str) -> String {
    match Expression::parse(text, &VOCABULARY) {
        Ok(expression) => match expression.evaluate(&Test::new()) {
            Ok(evaluation) => evaluation.value.traced(&str::to_owned),
            Err(error) => format!("error: {error}"),
        },
        Err(errors) => errors.iter().map(|error| format!("syntax: {error}")).collect::<Vec<_>>().join("; "),
    }
}

fn trace(text: &str) -> String {
    Expression::parse(text, &VOCABULARY).unwrap().evaluate_boolean(&Test::new()).unwrap().trace
}

#[track_caller]
fn check(table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .map(|(text, expected)| (text, eval(text), expected))
        .filter(|(_, found, expected)| found != *expected)
        .map(|(text, found, expected)| format!("{text}\n  found    {found}\n  expected {expected}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn literals() {
    // "Lexer"
    check(&[
        ("true", "True"),
        ("FALSE", "False"),
        ("1", "1"),
        ("-1.50", "-1.5"),
        (".5", "0.5"),
        ("format('{0}', .5)", "'0.5'"),
        ("format('{0}',-.5)", "'-0.5'"),
        ("5.", "5"),
        ("12345678901234567890", "12345678901234567890"),
        ("1.2.3", "v1.2.3"),
        ("1.2.3.4", "v1.2.3.4"),
        ("'it''s'", "'it''s'"),
        ("''", "''"),
        (" \t\n'a'\r\n", "'a'"),
        ("\u{a0}'a'\u{2003}", "'a'"),
        ("1.2.3.4.5", "syntax: unrecognized value: `1.2.3.4.5` (at column 1 of the expression)"),
        ("1e3", "syntax: unrecognized value: `1e3` (at column 1 of the expression)"),
        ("0x1F", "syntax: unrecognized value: `0x1F` (at column 1 of the expression)"),
        ("+1", "syntax: unrecognized value: `+1` (at column 1 of the expression)"),
        ("-", "syntax: unrecognized value: `-` (at column 1 of the expression)"),
        ("'a", "syntax: unrecognized value: `'a` (at column 1 of the expression)"),
        ("\"a\"", "syntax: unrecognized value: `\"a\"` (at column 1 of the expression)"),
        ("null", "syntax: unknown name: `null` (at column 1 of the expression)"),
    ]);
}

#[test]
fn the_grammar() {
    check(&[
        ("", "syntax: the expression is empty (at column 1 of the expression)"),
        ("  ", "syntax: the expression is empty (at column 1 of the expression)"),
        ("EQ(1,1)", "True"),
        ("V.WORD", "'Hello'"),
        ("v . word", "'Hello'"),
        ("v [ 'word' ]", "'Hello'"),
        ("v['my-var']", "'dashed'"),
        ("v.true", "Null"),
        ("1 2", "syntax: unexpected symbol: `2` (at column 3 of the expression)"),
        ("()", "syntax: unexpected symbol: `(` (at column 1 of the expression)"),
        ("'a'[0]", "syntax: unexpected symbol: `[` (at column 4 of the expression)"),
        ("true.x", "syntax: unexpected symbol: `.` (at column 5 of the expression)"),
        ("v.1", "syntax: unexpected symbol: `1` (at column 3 of the expression)"),
        ("v.my-var", "syntax: unrecognized value: `my-var` (at column 3 of the expression)"),
        ("v.", "syntax: the expression ends where a name after the `.` is expected (at column 3 of the expression)"),
        ("v[", "syntax: the expression ends where a value is expected (at column 3 of the expression)"),
        ("v['a'", "syntax: the bracket `[` is not closed (at column 2 of the expression)"),
        ("v[1,2]", "syntax: unexpected symbol: `,` (at column 4 of the expression)"),
        ("v[]", "syntax: unexpected symbol: `]` (at column 3 of the expression)"),
        ("*", "syntax: unexpected symbol: `*` (at column 1 of the expression)"),
        ("eq(1,", "syntax: the expression ends where a value is expected (at column 6 of the expression)"),
        ("eq(1,1", "syntax: the function `eq` is not closed (at column 1 of the expression)"),
        ("eq(1,)", "syntax: unexpected symbol: `)` (at column 6 of the expression)"),
        ("eq(,1)", "syntax: unexpected symbol: `,` (at column 4 of the expression)"),
        ("eq(1 1)", "syntax: unexpected symbol: `1` (at column 6 of the expression)"),
        ("eq(1,1))", "syntax: unexpected symbol: `)` (at column 8 of the expression)"),
        ("eq (1,1)", "True"),
        ("eq", "syntax: `eq` is a function, arguments in parentheses must follow (at column 1 of the expression)"),
        ("v == 1", "syntax: unrecognized value: `==` (at column 3 of the expression)"),
    ]);
}

#[test]
fn all_unknown_names_are_reported_with_a_hint() {
    let errors = Expression::parse("and(eqq(v.a, main), succeeded(), not(), parameters.x)", &VOCABULARY).unwrap_err();
    let errors: Vec<String> = errors.iter().map(|error| format!("{}: {} [{}]", error.position, error.message, error.hint)).collect();
    insta::assert_snapshot!(errors.join("\n"), @r"
    5: unknown function: `eqq` [did you mean `eq`?]
    14: unknown name: `main` [a text is written in single quotes: `'main'`; names that exist here: `v`, `variables`]
    21: the function `succeeded` does not exist in a test [it exists in a step's condition, a job's condition, a stage's condition]
    34: `not` takes 1 argument, found 0 []
    41: `parameters` does not exist in a test [it exists in a `${{ }}` expression]
    ");
    let step = Expression::parse("and(split('a', 'b'), dependencies.a, counter(1))", &Vocabulary::STEP_CONDITION).unwrap_err();
    let step: Vec<String> = step.iter().map(|error| format!("{}: {} [{}]", error.position, error.message, error.hint)).collect();
    insta::assert_snapshot!(step.join("\n"), @r"
    5: the function `split` does not exist in a step's condition [it exists in a `${{ }}` expression]
    22: `dependencies` does not exist in a step's condition [it exists in a job's condition, a stage's condition, a variable's `$[ ]`]
    38: the function `counter` does not exist in a step's condition [it exists in a variable's `$[ ]`]
    ");
    let hint = |text: &str| Expression::parse(text, &VOCABULARY).unwrap_err()[0].hint.clone();
    insta::assert_snapshot!(["v == 1", "$(x)", "\"a\"", "'a", "v.a-b", "eq(1", "v['a'"].map(hint).join("\n"), @r"
    there are no operators: write `eq(a, b)`, `ne(a, b)`, `and(a, b)`, `or(a, b)`, `not(a)`, `gt(a, b)`
    a variable is written as `variables['name']`; `$(name)` has no meaning here
    a text is written in single quotes
    the text is not closed: add a `'`
    a name after `.` has only letters, digits and `_`; for others write `['a-b']`
    add a `)`
    add a `]`
    ");
}

#[test]
fn names_exist_by_place() {
    // "Named values by place", "Status functions by place"
    let places = [
        ("compile", Vocabulary::COMPILE_TIME),
        ("step", Vocabulary::STEP_CONDITION),
        ("job", Vocabulary::JOB_CONDITION),
        ("stage", Vocabulary::STAGE_CONDITION),
        ("variable", Vocabulary::VARIABLE),
    ];
    let mut table = String::new();
    for text in [
        "parameters.a",
        "variables.a",
        "dependencies.a",
        "stageDependencies.a",
        "pipeline.startTime",
        "resources.a",
        "always()",
        "canceled()",
        "failed()",
        "failed('a', 'b')",
        "succeeded()",
        "succeeded('a')",
        "succeededOrFailed()",
        "succeededOrFailed('a')",
        "always('a')",
        "canceled('a')",
        "counter()",
        "counter('a', 1)",
        "split('a', 'b')",
        "lower('a')",
    ] {
        let known = places.iter().filter(|(_, place)| Expression::parse(text, place).is_ok()).map(|(name, _)| *name);
        table += &format!("{text} in: {}.\n", known.collect::<Vec<_>>().join(" "));
    }
    insta::assert_snapshot!(table, @r"
    parameters.a in: compile.
    variables.a in: compile step job stage variable.
    dependencies.a in: job stage variable.
    stageDependencies.a in: job variable.
    pipeline.startTime in: job variable.
    resources.a in: job variable.
    always() in: step job stage.
    canceled() in: step job stage.
    failed() in: step job stage.
    failed('a', 'b') in: job stage.
    succeeded() in: step job stage.
    succeeded('a') in: job stage.
    succeededOrFailed() in: step job stage.
    succeededOrFailed('a') in: job stage.
    always('a') in: .
    canceled('a') in: .
    counter() in: variable.
    counter('a', 1) in: variable.
    split('a', 'b') in: compile.
    lower('a') in: compile step job stage variable.
    ");
}

#[test]
fn limits() {
    // 2.5: length 21000, depth 50, memory 1 MiB
    let nested = |depth: usize| format!("{}true{}", "not(".repeat(depth), ")".repeat(depth));
    assert_eq!(eval(&nested(48)), "True");
    assert_eq!(eval(&nested(49)), "False");
    assert!(eval(&nested(50)).starts_with("syntax: functions and brackets are nested too deep, at most 49 may be open at once"));
    let brackets = |depth: usize| format!("{}1{}", "v[".repeat(depth), "]".repeat(depth));
    assert_eq!(eval(&brackets(49)), "Null");
    assert!(eval(&brackets(50)).starts_with("syntax: functions and brackets are nested too deep"));
    assert_eq!(eval(&format!("v{}", ".a".repeat(10_000))), "Null", "dereferences are not nested");
    assert_eq!(eval(&format!("'{}'", "x".repeat(20_998))).len(), 21_000);
    assert!(eval(&format!("'{}'", "x".repeat(20_999))).starts_with("syntax: the expression has 21001 characters, at most 21000"));
    assert!(eval(&format!("'{}'", "😀".repeat(10_500))).starts_with("syntax: the expression has 21002 characters"), "in UTF-16 units");
    assert_eq!(eval("length(v.long)"), "300000");
    let memory = "error: The maximum allowed memory size was exceeded while evaluating the following expression: ";
    assert_eq!(eval("length(format('{0}{0}', v.long))"), format!("{memory}length(format('{{0}}{{0}}', v['long']))"));
    assert_eq!(eval("or(eq(v.long, 1), eq(v.long, 1), eq(v.long, 1), true)"), "True", "what is below a simple result is forgotten");
    assert_eq!(eval("length(coalesce('', v.long, ''))"), "300000");
    assert!(eval("replace(v.long, 'x', 'xxxxxxxxxx')").starts_with(memory));
}

#[test]
fn conversions_to_boolean() {
    // "Conversions"
    check(&[
        ("not(0)", "True"),
        ("not(0.0000001)", "False"),
        ("not('')", "True"),
        ("not('False')", "False"),
        ("not(v.zero)", "False"),
        ("not(v.missing)", "True"),
        ("not(1.2.3)", "False"),
        ("not(v.none)", "False"),
        ("not(v.map)", "False"),
        ("not(v.time)", "False"),
    ]);
}

#[test]
fn conversions_to_text() {
    check(&[
        ("format('{0}', true)", "'True'"),
        ("format('{0}', false)", "'False'"),
        ("format('{0}', v.missing)", "''"),
        ("format('{0}', 1.0)", "'1'"),
        ("format('{0}', 1.12345678)", "'1.1234568'"),
        ("format('{0}', 1.2.3)", "'1.2.3'"),
        ("format('{0}', v.time)", "'2026-01-02 03:04:05+00:00'"),
        ("format('{0}', v.map)", "error: Unable to convert from Object to String."),
        ("format('{0}', v.none)", "error: Unable to convert from Array to String."),
    ]);
}

#[test]
fn eq_converts_the_right_to_the_kind_of_the_left() {
    // "eq/ne/in/notIn/containsValue"
    check(&[
        ("eq(true, 'false')", "True"),
        ("eq('true', true)", "True"),
        ("eq(false, '')", "True"),
        ("eq(true, v.none)", "True"),
        ("eq(v.missing, '')", "True"),
        ("eq('', v.missing)", "True"),
        ("eq(v.missing, v.gone)", "True"),
        ("eq(v.missing, 0)", "False"),
        ("eq(v.missing, false)", "False"),
        ("eq(0, v.missing)", "True"),
        ("eq(1, '1.0')", "True"),
        ("eq('1.0', 1)", "False"),
        ("eq(1000, '1,000')", "True"),
        ("eq(1, true)", "True"),
        ("eq(1, 'x')", "False"),
        ("ne(1, 'x')", "True"),
        ("eq('HELLO', v.word)", "True"),
        ("eq('ß', 'SS')", "False"),
        ("eq(12345678901234567890, 12345678901234567891)", "False"),
        ("eq(1.2.3, '1.2.3')", "True"),
        ("eq(1.2.3, 1.2)", "False"),
        ("eq('1.2.3', 1.2.3)", "True"),
        ("eq(1, 1.2.3)", "False"),
        ("eq(v.time, '2026/1/2 04:04:05+01:00')", "True"),
        ("eq(v.time, 'x')", "False"),
        ("eq(v.list, v.list)", "True"),
        ("eq(v.none, v.list)", "False"),
        ("eq(v.map, v.map)", "True"),
        ("eq(v.map, v.none)", "False"),
        ("eq(v.map.x, v.map.y)", "False"),
        ("eq('x', v.map)", "False"),
        ("ne('x', v.map)", "True"),
        ("in('b', 'a', 'B')", "True"),
        ("in('b', 'a', 'c')", "False"),
        ("notIn('b', 'a', 'B')", "False"),
        ("notIn(1, 'x', v.map)", "True"),
        ("containsValue(v.list, 'A')", "True"),
        ("containsValue(v.list, '2')", "True"),
        ("containsValue(v.list, 'true')", "True"),
        ("containsValue(v.list, 'b')", "False"),
        ("containsValue(v.people[0], '30')", "True"),
        ("containsValue(v.word, 'Hello')", "False"),
        ("containsValue(v.missing, '')", "False"),
    ]);
}

#[test]
fn order_keeps_the_kind_of_the_left_and_fails_loudly() {
    // "gt/ge/lt/le"
    check(&[
        ("gt(5, 2)", "True"),
        ("gt(5, '10')", "False"),
        ("gt('5', 10)", "True"),
        ("lt('a', 'B')", "True"),
        ("le('A', 'a')", "True"),
        ("ge(2, 2)", "True"),
        ("lt(1.9.0, 1.10.0)", "True"),
        ("lt(1.9.0, '1.10')", "True"),
        ("gt(1.2.0, 1.2)", "True"),
        ("gt(true, false)", "True"),
        ("gt(true, 'x')", "False"),
        ("lt(v.missing, 1)", "True"),
        ("lt(v.time, '2027-01-01 00:00:00')", "True"),
        ("gt(1, 'x')", "error: Unable to convert from String to Number. Value: 'x'"),
        ("gt(1, 1.2.3)", "error: Unable to convert from Version to Number. Value: v1.2.3"),
        ("gt(1.2.3, 'x')", "error: Unable to convert from String to Version. Value: 'x'"),
        ("gt('x', v.map)", "error: Unable to convert from Object to String."),
        ("gt(v.map, 1)", "error: Unable to convert from Object to Number."),
        ("gt(v.time, 1)", "error: Unable to convert from Number to DateTime. Value: 1"),
        ("gt(1, v.secret)", "error: Unable to convert from String to Number. Value: '***'"),
    ]);
}

#[test]
fn and_or_stop_early_xor_and_iif_do_not() {
    // "and/or short-circuit; xor exactly 2; not 1"; iif "no short circuit"
    check(&[
        ("and(true, 1, 'x')", "True"),
        ("and(false, fail())", "False"),
        ("and(true, fail())", "error: fail: refused"),
        ("or(0, '', 'x', fail())", "True"),
        ("or(false, v.missing)", "False"),
        ("xor(true, false)", "True"),
        ("xor('x', 1)", "False"),
        ("xor(true, fail(v.none))", "error: fail: refused Array"),
        ("in('a', 'a', fail())", "True"),
        ("iif(true, 'a', 'b')", "'a'"),
        ("iif('', 'a', 2)", "2"),
        ("iif(true, 'a', fail())", "error: fail: refused"),
        ("coalesce('a', fail())", "'a'"),
        ("and(true)", "syntax: `and` takes at least 2 arguments, found 1 (at column 1 of the expression)"),
        ("xor(1, 2, 3)", "syntax: `xor` takes 2 arguments, found 3 (at column 1 of the expression)"),
        ("not()", "syntax: `not` takes 1 argument, found 0 (at column 1 of the expression)"),
        ("in('a')", "syntax: `in` takes at least 2 arguments, found 1 (at column 1 of the expression)"),
        ("substring('a')", "syntax: `substring` takes 2 to 3 arguments, found 1 (at column 1 of the expression)"),
    ]);
}

#[test]
fn texts() {
    // "contains/startsWith/endsWith", "Newer functions"
    check(&[
        ("contains('ABCDE', 'bcd')", "True"),
        ("contains('ABCDE', '')", "True"),
        ("contains(12345, 34)", "True"),
        ("contains(v.list, 'a')", "error: Unable to convert from Array to String."),
        ("startsWith('ABCDE', 'ab')", "True"),
        ("startsWith('ABCDE', 'b')", "False"),
        ("endsWith('ABCDE', 'de')", "True"),
        ("endsWith('ABCDE', 'd')", "False"),
        ("lower('ÄBC')", "'äbc'"),
        ("upper(true)", "'TRUE'"),
        ("trim('  a b \n')", "'a b'"),
        ("replace('aXbx', 'x', '')", "'ab'"),
        ("replace('a', '', 'b')", "error: replace: the text that is to be replaced is empty"),
        ("substring('abcdef', 1, 3)", "'bcd'"),
        ("substring('abcdef', 4)", "'ef'"),
        ("substring('abc', 2, 2)", "error: substring: the part that is asked for is not in the text, which has a length of 3"),
        ("substring('abc', -1)", "error: substring: the part that is asked for is not in the text, which has a length of 3"),
        ("length('a😀')", "3"),
        ("length(v.list)", "5"),
        ("length(v.map)", "2"),
        ("length(1)", "error: length: a value of type Number has no length"),
        ("join(';', split('a, b,,c', ', '))", "'a;b,,c'"),
        ("join(';', split('a,,b', ','))", "'a;;b'"),
        ("length(split('abc', ''))", "1"),
    ]);
}

#[test]
fn coalesce_returns_the_raw_value() {
    // "coalesce"
    check(&[
        ("coalesce(v.missing, '', false, 1)", "False"),
        ("coalesce('', v.people).*.name[0]", "Array"),
        ("length(coalesce('', v.people))", "3"),
        ("coalesce(v.missing, '')", "''"),
        ("coalesce('', v.missing)", "Null"),
        ("coalesce(0, 1)", "0"),
    ]);
}

#[test]
fn format_strings() {
    // "format"
    check(&[
        ("format('plain')", "'plain'"),
        ("format('{0} {1} {0}', 'a', 'b')", "'a b a'"),
        ("format('{{0}} }}{{', 'a')", "'{0} }{'"),
        ("format('a{{{0}}}b', 'x')", "'a{x}b'"),
        ("format('{0}', 'a', fail())", "'a'"),
        ("format('{0:yyyyMMdd}', v.time)", "'20260102'"),
        ("format('{0:yyyy\\-MM}', v.time)", "'2026-01'"),
        ("format('{0:HH}}mm}', v.time)", "error: The format specifiers 'HH}mm' are not valid for objects of type 'DateTime'"),
        ("format('{0:x}', 'a')", "error: The format specifiers 'x' are not valid for objects of type 'String'"),
        ("format('{1}', 'a')", "error: The following format string references more arguments than were supplied: {1}"),
        ("format('{0}')", "error: The following format string references more arguments than were supplied: {0}"),
        ("format('{', 'a')", "error: The following format string is invalid: {"),
        ("format('}', 'a')", "error: The following format string is invalid: }"),
        ("format('{}', 'a')", "error: The following format string is invalid: {}"),
        ("format('{x}', 'a')", "error: The following format string is invalid: {x}"),
        ("format('{256}', 'a')", "error: The following format string is invalid: {256}"),
        ("format('{0', 'a')", "error: The following format string is invalid: {0"),
        ("format(v.secret, '{')", "'hunter2''s'"),
    ]);
}

#[test]
fn join_leaves_out_what_is_no_text_but_not_its_separator() {
    // "join"
    check(&[
        ("join('-', v.list)", "'a-2-True--'"),
        ("join('-', v.none)", "''"),
        ("join('-', v.word)", "'Hello'"),
        ("join('-', v.map)", "''"),
        ("join(v.map, v.none)", "''"),
        ("join(v.map, v.list)", "error: Unable to convert from Object to String."),
    ]);
}

#[test]
fn indexes_and_filters() {
    // "Index"
    check(&[
        ("v.people[0].name", "'Al'"),
        ("v.people[0]['NAME']", "'Al'"),
        ("v.people['1'].name", "'Bo'"),
        ("v.people[1.9].name", "'Bo'"),
        ("v.people[true].name", "'Bo'"),
        ("v.people[''].name", "'Al'"),
        ("v.people[-1]", "Null"),
        ("v.people[9]", "Null"),
        ("v.people['x']", "Null"),
        ("v.people[v.map]", "Null"),
        ("v.word.length", "Null"),
        ("v.missing.a.b['c'][0]", "Null"),
        ("v[v.map]", "Null"),
        ("join(',', v.people.*.name)", "'Al,Bo,Cy'"),
        ("join(',', v.people[*]['age'])", "'30,40'"),
        ("join(',', v.map.*.name)", "'Xi,Yo'"),
        ("join(',', v.map[*].*)", "'Xi,1,Yo,2'"),
        ("join(',', v.deep.*.*)", "'a,b,c'"),
        ("join(',', v.deep.*[1])", "'b'"),
        ("join(',', v.deep.*[0])", "'a,c'"),
        ("length(v.word.*)", "0"),
        ("length(v.missing.*.x)", "0"),
        ("containsValue(v.people.*.name, 'bo')", "True"),
    ]);
}

#[test]
fn json() {
    // "convertToJson": indent 2
    insta::assert_snapshot!(
        match Expression::parse("convertToJson(v.list)", &VOCABULARY).unwrap().evaluate(&Test::new()).unwrap().value {
            Value::String(text) => text.to_string(),
            other => panic!("{other:?}"),
        }, @r#"
    [
      "a",
      2,
      true,
      null,
      {
        "k": "v"
      }
    ]
    "#
    );
    check(&[
        ("convertToJson(v.none)", "'[]'"),
        ("convertToJson('a\"b\\c\nd')", "'\"a\\\"b\\\\c\\nd\"'"),
        ("convertToJson(v.missing)", "'null'"),
        ("convertToJson(12345678901234567890.50)", "'12345678901234567890.5'"),
        ("convertToJson(1.2.3)", "'\"1.2.3\"'"),
    ]);
}

#[test]
fn traces_show_what_the_expression_became() {
    let traces = [
        "and(always(), eq(v['word'], 'hello'), not(contains(v.word, 'x')))",
        "always()",
        "v.word",
        "v.zero",
        "eq(v.secret, 'it''s')",
        "and(eq(v.people.*.name, 1), lower(v.word))",
        "or(and(false, v.word), false)",
    ]
    .map(trace);
    insta::assert_snapshot!(traces.join("\n\n"), @r"
    Evaluating: and(always(), eq(v['word'], 'hello'), not(contains(v['word'], 'x')))
    Expanded: and(True, eq('Hello', 'hello'), not(contains('Hello', 'x')))
    Result: True

    Evaluating: always()
    Result: True

    Evaluating: v['word']
    Expanded: 'Hello'
    Result: True

    Evaluating: v['zero']
    Expanded: '0'
    Result: True

    Evaluating: eq(v['secret'], 'it''s')
    Expanded: eq('***', 'it''s')
    Result: False

    Evaluating: and(eq(v['people']['*']['name'], 1), lower(v['word']))
    Expanded: and(eq(Array, 1), lower(v['word']))
    Result: False

    Evaluating: or(and(False, v['word']), False)
    Expanded: or(and(False, v['word']), False)
    Result: False
    ");
}

#[test]
fn a_parsed_expression_is_written_as_the_engine_writes_it() {
    let text = Expression::parse("And( v.a.b [ 'c' ],v.*.d[*] , -1.50,1.2.3, 'it''s',TRUE )", &VOCABULARY).unwrap().to_string();
    assert_eq!(text, "And(v['a']['b']['c'], v['*']['d']['*'], -1.5, v1.2.3, 'it''s', True)");
}

#[test]
fn the_page_for_users_names_every_function() {
    let page = include_str!("../../../docs/expressions.md");
    let functions =
        functions::Builtin::names().chain(Vocabulary::ALL.iter().flat_map(|place| place.functions).map(|function| function.name));
    let missing: Vec<&str> =
        functions.filter(|name| !page.contains(&format!("`{name}(")) && !page.contains(&format!("`{name}`"))).collect();
    assert_eq!(missing, Vec::<&str>::new());
    assert!(!page.contains("`eqq("), "the search finds only what is there");
}
