//! Manifests that are templates (handlebars), and values for them.
//!
//! Nothing is escaped, since a manifest is no HTML: `"{{version}}"` is put in quotes where a text is meant, or YAML reads `1.10` as a
//! number. A value that is missing is a mistake, also as the condition of `if` and `unless`; to leave one out on purpose, `each` and
//! `with` take an `else`. What looks like a template and is none (Helm's, Argo's, Alertmanager's own `{{ }}`) stays byte for byte in
//! every file that is not a template, and behind a backslash (`\{{`) in one that is.

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, JsonTruthy, Output, RenderContext, RenderError, RenderErrorReason, Renderable,
    TemplateError, no_escape,
};
use serde_json::{Map, Value};

use crate::Source;
use crate::problem::{Problem, Problems, unless};

/// How many missing values of one file are told.
const MAX_MISSING: usize = 100;

/// Puts values into the manifests that are templates: those whose name ends in `.hbs.yaml`, `.hbs.yml` or `.hbs.json`; where values
/// are given and no file is named so, all of them. The others stay as they are.
///
/// # Errors
/// Every value that is missing, and every template that is not understood, with file and line.
pub fn render(sources: Vec<Source>, values: &Map<String, Value>) -> Result<Vec<Source>, Problems> {
    let every_one = !values.is_empty() && !sources.iter().any(|source| is_named_template(&source.file));
    let renderer = Renderer::new(values);
    let mut problems = Vec::new();
    let mut rendered = Vec::with_capacity(sources.len());
    for source in sources {
        if every_one || is_named_template(&source.file) {
            rendered.extend(renderer.render(&source, &mut problems));
        } else {
            rendered.push(source);
        }
    }
    unless(problems, rendered)
}

fn is_named_template(file: &str) -> bool {
    let file = file.to_ascii_lowercase();
    [".hbs.yaml", ".hbs.yml", ".hbs.json"].iter().any(|ending| file.ends_with(ending))
}

struct Renderer<'a> {
    handlebars: Handlebars<'static>,
    values: &'a Map<String, Value>,
}

impl<'a> Renderer<'a> {
    fn new(values: &'a Map<String, Value>) -> Self {
        let mut handlebars = Handlebars::new();
        handlebars.register_escape_fn(no_escape);
        handlebars.set_strict_mode(true);
        handlebars.register_helper("if", Box::new(Condition { name: "if", wanted: true }));
        handlebars.register_helper("unless", Box::new(Condition { name: "unless", wanted: false }));
        Self { handlebars, values }
    }

    fn render(&self, source: &Source, problems: &mut Vec<Problem>) -> Option<Source> {
        // Handlebars stops at the first value that is missing. An empty one takes its place, to find the next.
        let mut values = self.values.clone();
        let known = problems.len();
        loop {
            let error = match self.handlebars.render_template(&source.text, &values) {
                Ok(text) if problems.len() == known => {
                    let is_rendered = !self.keeps_lines(&source.text, &text);
                    return Some(Source { file: source.file.clone(), text, is_rendered });
                }
                Ok(_) => return None,
                Err(error) => error,
            };
            let missing = match error.reason() {
                RenderErrorReason::MissingVariable(Some(path)) => Some(path.clone()),
                _ => None,
            };
            let is_new = missing.as_ref().is_some_and(|path| put_empty(&mut values, path));
            let problem = self.problem(source, &error);
            if !problems.contains(&problem) {
                problems.push(problem);
            }
            if !is_new || problems.len() - known >= MAX_MISSING {
                return None;
            }
        }
    }

    /// Whether each line of the text comes from the line of the template with the same number: nothing in it can add lines, and
    /// none was taken away.
    fn keeps_lines(&self, template: &str, text: &str) -> bool {
        let has_lines = |value: &Value| value.to_string().contains("\\n");
        !template.contains("{{#") && template.lines().count() == text.lines().count() && !self.values.values().any(has_lines)
    }

    fn problem(&self, source: &Source, error: &RenderError) -> Problem {
        let given = if self.values.is_empty() {
            "no values are given".to_owned()
        } else {
            let names: Vec<_> = self.values.keys().map(|name| format!("`{name}`")).collect();
            format!("given are {}", names.join(", "))
        };
        let (message, hint) = match error.reason() {
            RenderErrorReason::MissingVariable(Some(path)) => {
                let path = path.trim_start_matches("./");
                (format!("the template needs the value `{path}`, which is missing"), format!("give it, or correct its name; {given}"))
            }
            RenderErrorReason::MissingVariable(None) => ("the template needs a value that is missing".to_owned(), given),
            RenderErrorReason::ParamNotFoundForIndex(helper, at) => {
                (format!("value {} of `{helper}` in the template is missing", at + 1), given)
            }
            RenderErrorReason::TemplateError(error) => return not_a_template(source, error),
            RenderErrorReason::HelperNotFound(name) => (
                format!("the template has `{name}`, which is no helper of handlebars"),
                r"what is not meant for handlebars is written `\{{`".to_owned(),
            ),
            reason => (format!("the template cannot be rendered: {reason}"), String::new()),
        };
        Problem::new(source.place(error.line_no.unwrap_or(1)), message, hint)
    }
}

fn not_a_template(source: &Source, error: &TemplateError) -> Problem {
    let line = error.pos().map_or(1, |(line, _)| line);
    // The parser's own message is a drawing of several lines.
    let reason = error.reason().to_string();
    let reason = reason.lines().next().unwrap_or_default().trim_end_matches(':').to_owned();
    let hint = r"what is not meant for handlebars is written `\{{`, or put into a file that is not named `*.hbs.yaml`";
    Problem::new(source.place(line), format!("the template is not understood: {reason}"), hint)
}

/// Puts an empty list, which can be printed, asked and gone through, at a path; false where that is not possible or changes nothing.
fn put_empty(values: &mut Map<String, Value>, path: &str) -> bool {
    let mut steps = path.split(['.', '/']).filter(|step| !step.is_empty()).peekable();
    let mut map = values;
    while let Some(step) = steps.next() {
        let is_last = steps.peek().is_none();
        if is_last {
            let is_new = !map.contains_key(step);
            map.entry(step).or_insert_with(|| Value::Array(Vec::new()));
            return is_new;
        }
        match map.entry(step).or_insert_with(|| Value::Object(Map::new())) {
            Value::Object(inner) => map = inner,
            _ => return false,
        }
    }
    false
}

/// `if` and `unless` as handlebars has them, except that a condition which is missing is a mistake: a misspelt one would leave
/// out a part of the manifest and say nothing.
struct Condition {
    name: &'static str,
    wanted: bool,
}

impl HelperDef for Condition {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        registry: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let condition = helper.param(0).ok_or(RenderErrorReason::ParamNotFoundForIndex(self.name, 0))?;
        if condition.is_value_missing() {
            return Err(RenderError::strict_error(condition.relative_path()));
        }
        let include_zero = helper.hash_get("includeZero").and_then(|value| value.value().as_bool()).unwrap_or(false);
        let is_met = condition.value().is_truthy(include_zero) == self.wanted;
        let part = if is_met { helper.template() } else { helper.inverse() };
        part.map_or(Ok(()), |part| part.render(registry, context, render, out))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn rendered(name: &str, text: &str, given: Value) -> Result<Source, String> {
        render(vec![Source::new(name, text)], &values(given)).map(|mut sources| sources.remove(0)).map_err(|problems| problems.to_string())
    }

    #[test]
    fn values_are_put_in_unescaped() {
        let text = "a: {{a}} # <&>\nb: \"{{ b.c }}\"\n{{#each list}}\n- {{this}}\n{{/each}}\n{{#if on}}\non: 1\n{{else}}\noff: 1\n{{/if}}\nown: \\{{ .Values.x }}\n";
        let given = json!({"a": "x<\"&'>y", "b": {"c": 1.5}, "list": ["p", "q"], "on": false});
        assert_eq!(
            rendered("a.hbs.yaml", text, given).unwrap().text,
            "a: x<\"&'>y # <&>\nb: \"1.5\"\n- p\n- q\noff: 1\nown: {{ .Values.x }}\n"
        );
    }

    #[test]
    fn only_templates_are_rendered() {
        let foreign = "alert: '{{ $labels.job }} {{.Value | humanize}} {{`x`}} {{{{'\r\n\n";
        let sources = || vec![Source::new("k8s/alerts.yaml", foreign), Source::new("k8s/a.HBS.yml", "a: {{a}}")];
        let both = render(sources(), &values(json!({"a": 1}))).unwrap();
        assert_eq!((both[0].text.as_str(), both[1].text.as_str()), (foreign, "a: 1"));
        assert_eq!(render(vec![Source::new("a.yaml", foreign)], &Map::new()).unwrap()[0].text, foreign);
        // Values were given for something: without a file that is named a template, each is one.
        assert_eq!(rendered("a.yaml", "a: {{a}}\n", json!({"a": 1})).unwrap().text, "a: 1\n");
    }

    #[test]
    fn lines_are_those_of_the_template_where_they_can_be() {
        let is_rendered = |text: &str, given: Value| rendered("a.hbs.yaml", text, given).unwrap().is_rendered;
        assert!(!is_rendered("a: {{a}}\nb: 1\n", json!({"a": 1})));
        assert!(is_rendered("a: {{a}}\nb: 1\n", json!({"a": "1\n2"})));
        assert!(is_rendered("{{!-- x --}}\na: {{a}}\n", json!({"a": 1})));
        assert!(is_rendered("{{#each a}}\n{{this}}: 1\n{{/each}}\n", json!({"a": [1, 2, 3]})));
        let source = rendered("a.hbs.yaml", "{{#if a}}\nx: [\n{{/if}}\n", json!({"a": 1})).unwrap();
        let problems = crate::manifests::parse(&[source]).unwrap_err().to_string();
        assert!(problems.starts_with("a.hbs.yaml (line 2 of the rendered text): not valid YAML"), "{problems}");
    }

    #[test]
    fn everything_that_is_missing_is_told_with_its_line() {
        let first = "a: {{replicsa}}\nb:\n  c: {{ image.tag }}\n{{#if debug}}\nd: 1\n{{/if}}\n{{#unless debug}}{{/unless}}\n{{#each ports}}{{/each}}\ne: {{replicas.x}}\n{{#each list}}\n  f: {{name}}\n{{/each}}\n";
        let others = [
            ("b.hbs.yaml", "ok: {{replicas}}\n\n{{#if (eq mode \"a\")}}{{/if}}\n"),
            ("c.hbs.yaml", "a: 1\n\nb: {{ .Values.x }}\n"),
            ("d.hbs.yaml", "a: 1\n{{#if replicas}}\n{{/each}}\n"),
            ("e.hbs.yaml", "a: {{humanize replicas}}\n"),
            ("f.hbs.yaml", "a: {{> part}}\n"),
        ];
        let sources = [("a.hbs.yaml", first)].iter().chain(&others).map(|(name, text)| Source::new(*name, *text)).collect();
        insta::assert_snapshot!(render(sources, &values(json!({"replicas": 2, "list": [{"x": 1}]}))).unwrap_err(), @r#"
        a.hbs.yaml:1: the template needs the value `replicsa`, which is missing
          give it, or correct its name; given are `replicas`, `list`
        a.hbs.yaml:3: the template needs the value `image.tag`, which is missing
          give it, or correct its name; given are `replicas`, `list`
        a.hbs.yaml:4: the template needs the value `debug`, which is missing
          give it, or correct its name; given are `replicas`, `list`
        a.hbs.yaml:8: the template needs the value `ports`, which is missing
          give it, or correct its name; given are `replicas`, `list`
        a.hbs.yaml:9: the template needs the value `replicas.x`, which is missing
          give it, or correct its name; given are `replicas`, `list`
        b.hbs.yaml:3: value 1 of `eq` in the template is missing
          given are `replicas`, `list`
        c.hbs.yaml:3: the template is not understood: invalid handlebars syntax: expected identifier, subexpression, leading_tilde_to_omit_whitespace, or path_inline
          what is not meant for handlebars is written `\{{`, or put into a file that is not named `*.hbs.yaml`
        d.hbs.yaml:3: the template is not understood: helper "if" was opened, but "each" is closing
          what is not meant for handlebars is written `\{{`, or put into a file that is not named `*.hbs.yaml`
        e.hbs.yaml:1: the template has `humanize`, which is no helper of handlebars
          what is not meant for handlebars is written `\{{`
        f.hbs.yaml:1: the template cannot be rendered: Partial not found part
        "#);
        assert!(rendered("a.hbs.yaml", "a: {{b}}", json!({})).unwrap_err().ends_with("no values are given"));
    }
}
