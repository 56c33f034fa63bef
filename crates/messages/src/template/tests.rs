#![allow(clippy::unwrap_used)]

use super::{Escape, MAX_OUTPUT, Template};
use serde_json::{Value, json};

fn html(source: &str, data: &Value) -> String {
    Template::parse(source, Escape::Html)
        .unwrap()
        .render(data)
        .unwrap()
}

fn text(source: &str, data: &Value) -> String {
    Template::parse(source, Escape::Text)
        .unwrap()
        .render(data)
        .unwrap()
}

fn data() -> Value {
    json!({
        "SiteURL": "https://app.example.com/?a=b c&d",
        "ConfirmationURL": "http://127.0.0.1:54321/auth/v1/verify?token=t&type=signup&redirect_to=http://localhost:3000",
        "Token": "123456",
        "Email": "ann+test@example.com",
        "Data": {
            "name": "<b>Ann</b> O'Neil",
            "lang": "de",
            "age": 41,
            "rate": 2.0,
            "big": 12_345_678,
            "admin": true,
            "items": ["one", "two", "three"],
            "team": {"name": "Ops", "lead": {"name": "Bo"}},
        },
    })
}

#[test]
fn templates_people_have() {
    let d = data();
    assert_eq!(
        html(r#"<a href="{{ .ConfirmationURL }}">Confirm</a>"#, &d),
        r#"<a href="http://127.0.0.1:54321/auth/v1/verify?token=t&amp;type=signup&amp;redirect_to=http://localhost:3000">Confirm</a>"#
    );
    assert_eq!(html("Code: {{ .Token }}", &d), "Code: 123456");
    assert_eq!(html("{{.Token}}", &d), "123456");
    assert_eq!(
        html("Hi {{ .Data.name }}", &d),
        "Hi &lt;b&gt;Ann&lt;/b&gt; O&#39;Neil"
    );
    assert_eq!(text("Hi {{ .Data.name }}", &d), "Hi <b>Ann</b> O'Neil");
    assert_eq!(html("{{ .Data.team.lead.name }}", &d), "Bo");
    let languages =
        r#"{{ if eq .Data.lang "de" }}Hallo{{ else if eq .Data.lang "fr" }}Bonjour{{ else }}Hello{{ end }}"#;
    assert_eq!(html(languages, &d), "Hallo");
    assert_eq!(html(languages, &json!({"Data": {"lang": "fr"}})), "Bonjour");
    assert_eq!(html(languages, &json!({"Data": {}})), "Hello");
    assert_eq!(
        html("{{ .SiteURL | urlquery }}", &d),
        "https%3A%2F%2Fapp.example.com%2F%3Fa%3Db&#43;c%26d"
    );
    assert_eq!(text("{{ .Token }} is your code", &d), "123456 is your code");
    assert_eq!(html("{{ .Email }}", &d), "ann&#43;test@example.com");
}

#[test]
fn missing_keys_are_empty() {
    assert_eq!(
        html(
            "[{{ .Nope }}][{{ .Data.no.where }}][{{ .Token.deeper }}]",
            &data()
        ),
        "[][][]"
    );
    assert_eq!(text("[{{ .Nope }}]", &json!({})), "[]");
    assert_eq!(
        html(
            "{{ if .Nope }}a{{ else }}b{{ end }}{{ range .Nope }}x{{ else }}none{{ end }}",
            &data()
        ),
        "bnone"
    );
    assert_eq!(html("{{ with .Data }}{{ .name }}{{ end }}", &Value::Null), "");
}

#[test]
fn ranges() {
    let d = data();
    assert_eq!(
        html("{{ range .Data.items }}<li>{{ . }}</li>{{ end }}", &d),
        "<li>one</li><li>two</li><li>three</li>"
    );
    assert_eq!(
        html("{{ range $i, $e := .Data.items }}{{ $i }}={{ $e }};{{ end }}", &d),
        "0=one;1=two;2=three;"
    );
    assert_eq!(
        html(
            "{{ range $k, $v := .Data.team.lead }}{{ $k }}:{{ $v }}{{ end }}",
            &d
        ),
        "name:Bo"
    );
    assert_eq!(
        html("{{ range .Data.items }}{{ $.Token }}{{ break }}{{ end }}", &d),
        "123456"
    );
    assert_eq!(
        html(
            "{{ range $e := .Data.items }}{{ if eq $e \"two\" }}{{ continue }}{{ end }}{{ $e }}{{ end }}",
            &d
        ),
        "onethree"
    );
    assert_eq!(html("{{ range $i := 3 }}{{ $i }}{{ end }}", &d), "012");
    assert_eq!(
        html(
            "{{ $n := 0 }}{{ range .Data.items }}{{ $n = . }}{{ end }}{{ $n }}",
            &d
        ),
        "three"
    );
    assert_eq!(
        html(
            "{{ with $t := .Data.team }}{{ $t.name }} {{ .lead.name }}{{ end }}",
            &d
        ),
        "Ops Bo"
    );
}

#[test]
fn trim_marks_and_comments() {
    assert_eq!(html("a  {{- .Token -}}  b", &data()), "a123456b");
    assert_eq!(html("a\n{{/* note }} */}}b", &data()), "a\nb");
    assert_eq!(html("a \n {{- /* note */ -}} \n b", &data()), "ab");
    assert_eq!(html("{{ if true -}}\n  x\n{{- end }}", &data()), "x");
    assert_eq!(html("{{-3}}", &data()), "-3");
    assert_eq!(html("{{\n  .Token\n}}", &data()), "123456");
}

#[test]
fn functions_and_numbers() {
    let d = data();
    assert_eq!(
        html(
            "{{ len .Data.items }}{{ index .Data.items 1 }}{{ index .Data \"lang\" }}",
            &d
        ),
        "3twode"
    );
    assert_eq!(
        html(
            "{{ index .Data \"team\" \"lead\" \"name\" }}{{ (index .Data \"team\").name }}",
            &d
        ),
        "BoOps"
    );
    assert_eq!(
        html(
            "{{ if and .Data.admin (gt .Data.age 18) (le .Data.rate 2) }}yes{{ end }}",
            &d
        ),
        "yes"
    );
    assert_eq!(
        html(
            "{{ or .Nope .Data.lang }}{{ not .Nope }}{{ ne .Token \"1\" }}",
            &d
        ),
        "detruetrue"
    );
    assert_eq!(html("{{ if eq .Data.lang \"en\" \"de\" }}y{{ end }}", &d), "y");
    assert_eq!(
        html("{{ .Data.rate }} {{ .Data.big }} {{ .Data.admin }}", &d),
        "2 12345678 true"
    );
    assert_eq!(
        text(
            "{{ printf \"%s-%05d|%.2f|%q|%-4s|%%\" .Token .Data.age .Data.rate .Data.lang \"x\" }}",
            &d
        ),
        "123456-00041|2.00|\"de\"|x   |%"
    );
    assert_eq!(
        text("{{ .Token | printf \"%s!\" }}{{ print 1 2 \"a\" 3 }}", &d),
        "123456!1 2a3"
    );
    assert_eq!(text("{{ slice .Token 0 3 }}-{{ slice .Token 3 }}", &d), "123-456");
    assert_eq!(
        text("{{ .Data.team }} {{ .Data.items }}", &d),
        "map[lead:map[name:Bo] name:Ops] [one two three]"
    );
    assert_eq!(
        html("{{ .Data.name | html }}", &d),
        "&lt;b&gt;Ann&lt;/b&gt; O&#39;Neil"
    );
    assert_eq!(
        html("{{ `raw \"x\"` }}{{ \"\\u00e9\\n\" }}", &d),
        "raw &#34;x&#34;é\n"
    );
}

#[test]
fn links_cannot_run_code() {
    let d = json!({"u": " Java\tScript:alert(1)", "app": "myapp://login"});
    assert_eq!(html("<a href=\"{{ .u }}\">", &d), "<a href=\"#ZgotmplZ\">");
    assert_eq!(html("<a HREF = {{ .u | html }}>", &d), "<a HREF = #ZgotmplZ>");
    assert_eq!(html("<a href=\"{{ .app }}\">", &d), "<a href=\"myapp://login\">");
    assert_eq!(
        html("<p title=\"{{ .u }}\">", &d),
        "<p title=\" Java\tScript:alert(1)\">"
    );
}

#[test]
fn mistakes_name_their_line() {
    for (source, line, what) in [
        ("a\nb {{ .X", 2, "never closed"),
        ("\n\n{{ if .X }}", 3, "never closed"),
        ("{{ end }}", 1, "unexpected {{end}}"),
        ("\n{{ if .X }}{{ else }}{{ else }}{{ end }}", 2, "second {{else}}"),
        ("{{ nope .X }}", 1, "function `nope` is not defined"),
        ("{{ $x }}", 1, "undefined variable $x"),
        (
            "{{ if .X }}{{ $x := 1 }}{{ end }}{{ $x }}",
            1,
            "undefined variable $x",
        ),
        ("{{ \"abc }}", 1, "string is never closed"),
        ("{{ .X | }}", 1, "value is missing"),
        ("{{ }}", 1, "value is missing"),
        ("{{ (.X }}", 1, "never closed"),
        ("{{ .X ) }}", 1, "unexpected `)`"),
        ("{{ template \"x\" }}", 1, "not supported"),
        ("{{ break }}", 1, "outside a range"),
        ("{{ .X .Y }}", 1, "cannot take arguments"),
        ("{{ 1x }}", 1, "bad number"),
        ("{{ .X & }}", 1, "unexpected character"),
    ] {
        let error = Template::parse(source, Escape::Html).unwrap_err();
        assert_eq!(error.line, line, "{source}: {error}");
        assert!(error.message.contains(what), "{source}: {error}");
    }
    let error = Template::parse("\n{{ lt .X 1 }}", Escape::Html)
        .unwrap()
        .render(&json!({"X": "a"}))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "template line 2: `lt` compares two numbers or two strings"
    );
}

#[test]
fn bounds() {
    let deep = "{{ if true }}".repeat(100) + &"{{ end }}".repeat(100);
    assert!(
        Template::parse(&deep, Escape::Html)
            .unwrap_err()
            .message
            .contains("nest")
    );
    let groups = format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000));
    assert!(
        Template::parse(&groups, Escape::Html)
            .unwrap_err()
            .message
            .contains("nest")
    );
    let big = json!({"x": "y".repeat(10_000)});
    let error = Template::parse("{{ range 1000 }}{{ $.x }}{{ end }}", Escape::Html)
        .unwrap()
        .render(&big)
        .unwrap_err();
    assert!(error.message.contains("1 MiB"), "{error}");
    let steps = "{{ range 1000 }}{{ range 1000 }}{{ end }}{{ range 1000 }}{{ $x := . }}{{ end }}{{ end }}";
    let error = Template::parse(steps, Escape::Html)
        .unwrap()
        .render(&big)
        .unwrap_err();
    assert!(error.message.contains("steps"), "{error}");
    assert!(html("{{ .x }}", &big).len() < MAX_OUTPUT);
}
