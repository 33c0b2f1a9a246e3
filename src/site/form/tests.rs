use proptest::prelude::*;

use super::*;
use crate::gateway::Status;

const URLENCODED: &[u8] = b"application/x-www-form-urlencoded";
const MULTIPART: &[u8] = b"multipart/form-data; boundary=----Boundary7MA4YWxk";
const BOUNDARY: &str = "----Boundary7MA4YWxk";

/// Few of all.
const FEW: Limits = Limits { fields: 2, files: 2, name: 5, text: 10, texts: 15, headers: 120 };

fn urlencoded(body: &str) -> Result<Form<'_>, FormError> {
    Form::read(URLENCODED, body.as_bytes(), &FEW)
}

/// A field or a file as a browser sends it.
#[derive(Clone, Debug)]
enum Input {
    Text { name: String, text: String },
    File { field: String, name: String, content: Vec<u8> },
}

fn text(name: &str, text: &str) -> Input {
    Input::Text { name: name.into(), text: text.into() }
}

fn file(field: &str, name: &str, content: &[u8]) -> Input {
    Input::File { field: field.into(), name: name.into(), content: content.into() }
}

/// As WHATWG HTML (4.10.21.8) says.
fn escaped(name: &str) -> String {
    name.replace('\n', "%0D%0A").replace('"', "%22")
}

fn sent(inputs: &[Input]) -> Vec<u8> {
    let mut body = Vec::new();
    for input in inputs {
        body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; ").bytes());
        match input {
            Input::Text { name, text } => {
                let text = text.replace('\n', "\r\n");
                body.extend(format!("name=\"{}\"\r\n\r\n{text}\r\n", escaped(name)).bytes());
            }
            Input::File { field, name, content } => {
                let (field, name) = (escaped(field), escaped(name));
                let kind = "application/octet-stream";
                let headers = format!(
                    "name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n"
                );
                body.extend(headers.bytes());
                body.extend(content);
                body.extend(b"\r\n");
            }
        }
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    body
}

fn multipart<'a>(body: &'a [u8], limits: &Limits) -> Result<Form<'a>, FormError> {
    Form::read(MULTIPART, body, limits)
}

/// What two inputs come to within narrow limits.
fn few(inputs: &[Input]) -> Result<(), FormError> {
    multipart(&sent(inputs), &FEW).map(|_| ())
}

/// The file that comes of what a program writes as its name.
fn named(written: &str) -> Result<String, FormError> {
    let body = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; filename={written}; name=f\r\n\r\nx\r\n--{BOUNDARY}--"
    );
    let form = multipart(body.as_bytes(), &Limits::default())?;
    Ok(form.files("f").next().unwrap().name.clone())
}

#[test]
fn texts_come_by_their_names() {
    let form = urlencoded("a=1%262+3&a=%C3%A9&").unwrap();
    assert_eq!((form.text("a"), form.text("b")), ("1&2 3", ""));
    assert_eq!(form.texts("a").collect::<Vec<_>>(), ["1&2 3", "é"]);
    assert!(form.has("a") && !form.has("b"));
    assert!(urlencoded("save").unwrap().has("save"));
    assert_eq!(urlencoded("a=1%0D%0A2").unwrap().text("a"), "1\n2");
    assert!(urlencoded("").unwrap().texts.is_empty());
}

#[test]
fn the_type_decides_how_it_is_read() {
    let read = |content_type: &str| Form::read(content_type.as_bytes(), b"a=1", &FEW).map(|_| ());
    for form in
        ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded ;charset=UTF-8"]
    {
        assert_eq!(read(form), Ok(()), "{form}");
    }
    for other in ["", "text/plain", "application/json", "multipart/mixed; boundary=x", "a; b"] {
        assert_eq!(read(other), Err(FormError::NotAForm), "{other}");
    }
    let no_boundary =
        ["", "; boundary=", "; boundary=\"a \"", "; boundary=\"a\u{e9}\"", "; charset=x"];
    for parameters in no_boundary {
        let content_type = format!("multipart/form-data{parameters}");
        assert_eq!(read(&content_type), Err(FormError::NoBoundary), "{content_type}");
    }
    for (length, expected) in [(70, FormError::CutOff), (71, FormError::NoBoundary)] {
        let content_type = format!("multipart/form-data; boundary={}", "x".repeat(length));
        assert_eq!(read(&content_type), Err(expected), "{length}");
    }
}

#[test]
fn a_boundary_may_be_quoted() {
    let body =
        b"ignored\r\n--a b?  \r\nContent-Disposition: form-data; name=n\r\n\r\nt\r\n--a b?--";
    let form = Form::read(b"multipart/form-data; boundary=\"a b?\"", body, &FEW).unwrap();
    assert_eq!(form.text("n"), "t");
}

#[test]
fn each_limit_of_a_form_of_pairs_holds() {
    assert!(urlencoded("a=1&&b=2").is_ok());
    assert_eq!(urlencoded("a=1&b=2&c=3").unwrap_err(), FormError::TooManyFields(2));
    assert!(urlencoded("abcde=1").is_ok());
    assert_eq!(urlencoded("abcdef=1").unwrap_err(), FormError::NameTooLong(5));
    assert!(urlencoded("a=1234567890&b=12345").is_ok());
    assert_eq!(urlencoded("a=1234567890&b=123456").unwrap_err(), FormError::TextsTooLong(15));
    let too_long = FormError::TextTooLong { name: "a".into(), limit: 10 };
    assert_eq!(urlencoded("a=12345678901").unwrap_err(), too_long);
    // As long as texts and names can be, and still decoded.
    assert_eq!(urlencoded(&"%41".repeat(25)).unwrap_err(), FormError::NameTooLong(5));
    assert_eq!(urlencoded(&"%41".repeat(27)).unwrap_err(), FormError::TextsTooLong(15));
    for body in ["a=%FF", "%C3&%A9=1"] {
        assert_eq!(urlencoded(body).unwrap_err(), FormError::NotUtf8, "{body}");
    }
}

#[test]
fn each_limit_of_a_form_of_parts_holds() {
    let one = text("a", "1");
    assert_eq!(few(&[one.clone(), one.clone()]), Ok(()));
    assert_eq!(few(&[one.clone(), one.clone(), one]), Err(FormError::TooManyFields(2)));
    let empty = file("f", "", b"");
    assert_eq!(few(&[empty.clone(), empty.clone()]), Ok(()));
    assert_eq!(few(&[empty.clone(), empty.clone(), empty]), Err(FormError::TooManyFiles(2)));
    assert_eq!(few(&[text("abcdef", "")]), Err(FormError::NameTooLong(5)));
    assert_eq!(few(&[file("abcdef", "", b"")]), Err(FormError::NameTooLong(5)));
    assert_eq!(few(&[text("a", "1234567890"), text("b", "12345")]), Ok(()));
    let too_long = Err(FormError::TextsTooLong(15));
    assert_eq!(few(&[text("a", "1234567890"), text("b", "123456")]), too_long);
    let too_long = Err(FormError::TextTooLong { name: "a".into(), limit: 10 });
    assert_eq!(few(&[text("a", "12345678901")]), too_long);
    assert_eq!(few(&[file("f", &"n".repeat(60), b"")]), Err(FormError::HeadersTooLong(120)));
    // Of files only their number counts.
    assert_eq!(few(&[file("f", "n", &[b'x'; 10_000])]), Ok(()));
}

#[test]
fn files_stay_where_the_body_is() {
    let content = b"d4:infode\r\n--\r\n\0\xff";
    let body = sent(&[
        file("torrents", "a.torrent", content),
        text("x", ""),
        file("torrents", "b.torrent", b""),
    ]);
    let form = multipart(&body, &Limits::default()).unwrap();
    let files: Vec<_> = form.files("torrents").collect();
    assert_eq!(
        files.iter().map(|file| &*file.name).collect::<Vec<_>>(),
        ["a.torrent", "b.torrent"]
    );
    assert_eq!(files[0].content, content);
    assert!(body.as_ptr_range().contains(&files[0].content.as_ptr()));
    assert!(form.has("torrents") && form.has("x") && !form.has("a.torrent"));
}

#[test]
fn where_no_file_was_chosen_there_is_none() {
    let body = sent(&[file("f", "", b"")]);
    assert!(!multipart(&body, &FEW).unwrap().has("f"));
    // Some programs send a file without a name.
    let body = sent(&[file("f", "", b"x")]);
    assert_eq!(multipart(&body, &FEW).unwrap().files("f").count(), 1);
}

#[test]
fn a_file_has_no_path() {
    for (written, name) in [
        (r#""C:\dir\y.torrent""#, "y.torrent"),
        (r#""a/b""#, "b"),
        (r#""../../etc/passwd""#, "passwd"),
        (r#""a/""#, ""),
        (r#""..""#, ".."),
        ("y.torrent", "y.torrent"),
        (r#""a;b=c.torrent""#, "a;b=c.torrent"),
        (r#""say %22hi%22 100%25""#, "say \"hi\" 100%25"),
        (r#""say \"hi\"""#, "say \"hi\""),
        (r#""名前 [é].torrent""#, "名前 [é].torrent"),
    ] {
        assert_eq!(named(written), Ok(name.into()), "{written}");
    }
    for broken in [r#""a"#, r#""a"b"#, r#""a\""#] {
        assert!(matches!(named(broken), Err(FormError::Malformed(_))), "{broken}");
    }
}

#[test]
fn what_is_no_part_is_malformed() {
    let part = |headers: &str| format!("--{BOUNDARY}\r\n{headers}\r\n\r\nx\r\n--{BOUNDARY}--");
    for headers in [
        "Content-Type: text/plain",
        "Content-Disposition: form-data",
        "Content-Disposition: attachment; name=\"a\"",
        "Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"",
        "Content-Disposition: form-data; name=\"a\"\r\nno colon",
        "Content-Disposition: form-data; name",
    ] {
        let body = part(headers);
        let error = multipart(body.as_bytes(), &Limits::default()).unwrap_err();
        assert!(matches!(error, FormError::Malformed(_)), "{headers}: {error}");
    }
    let valid = part("Content-Disposition: form-data; name=\"a\"");
    for (written, other) in [("--\r\n", "-- x\r\n"), ("\r\nContent-D", "x\r\nContent-D")] {
        let broken = format!("{valid}\r\n").replace(written, other);
        let error = multipart(broken.as_bytes(), &Limits::default()).unwrap_err();
        assert!(matches!(error, FormError::Malformed(_)), "{broken}: {error}");
    }
    let body = b"--B\r\nContent-Disposition: form-data; name=a\r\n\r\n\xe9\r\n--B--";
    let read = Form::read(b"multipart/form-data; boundary=B", body, &FEW);
    assert_eq!(read.unwrap_err(), FormError::NotUtf8);
}

#[test]
fn each_error_is_a_sentence_with_a_status() {
    let expected = [
        (FormError::NotAForm, Status::UnsupportedMediaType),
        (FormError::NoBoundary, Status::BadRequest),
        (FormError::CutOff, Status::BadRequest),
        (FormError::Malformed("there is something behind a boundary"), Status::BadRequest),
        (FormError::NotUtf8, Status::BadRequest),
        (FormError::TooManyFields(1), Status::ContentTooLarge),
        (FormError::TextTooLong { name: "a".into(), limit: 1 }, Status::ContentTooLarge),
    ];
    for (error, status) in expected {
        assert_eq!(error.status(), status);
        assert!(error.to_string().ends_with('.'), "{error}");
    }
}

/// Names as people give them; what a browser's form of escapes cannot tell apart is left out.
fn some_name() -> impl Strategy<Value = String> {
    "[^\\\\/\r]{1,20}".prop_filter("an escape", |name| {
        !["%22", "%0D", "%0A"].iter().any(|escape| name.contains(escape))
    })
}

fn some_input() -> impl Strategy<Value = Input> {
    let content = prop::collection::vec(
        prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(b'-')],
        0..200,
    );
    prop_oneof![
        (some_name(), "[^\r]{0,40}").prop_map(|(name, text)| Input::Text { name, text }),
        (some_name(), some_name(), content).prop_map(|(field, name, content)| Input::File {
            field,
            name,
            content
        }),
    ]
}

/// Bodies that look like forms, for a while.
fn some_body() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 12] = [
        b"--B",
        b"\r\n",
        b"\r\n--B",
        b"--",
        b"Content-Disposition: form-data; ",
        b"name=\"a\"",
        b"; ",
        b"filename=\"b\"",
        b"\"",
        b"\\",
        b"\r\n\r\n",
        b"=",
    ];
    let piece = prop_oneof![
        4 => prop::sample::select(pieces.to_vec()).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..5),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_a_browser_sends_comes_back(inputs in prop::collection::vec(some_input(), 0..20)) {
        let body = sent(&inputs);
        let form = multipart(&body, &Limits::default()).unwrap();
        let mut files = form.files.iter();
        let mut texts = form.texts.iter();
        for input in &inputs {
            match input {
                Input::Text { name, text } => {
                    let name = name.replace('\n', "\r\n");
                    let (read, value) = texts.next().unwrap();
                    prop_assert_eq!((&**read, &**value), (&*name, &**text));
                }
                Input::File { field, name, content } => {
                    let read = files.next().unwrap();
                    prop_assert_eq!(&read.field, &field.replace('\n', "\r\n"));
                    prop_assert_eq!(&read.name, &name.replace('\n', "\r\n"));
                    prop_assert_eq!(read.content, &content[..]);
                }
            }
        }
        prop_assert!(files.next().is_none() && texts.next().is_none());
    }

    #[test]
    fn pairs_come_back(pairs in prop::collection::vec(("[^\r]{0,20}", "[^\r]{0,40}"), 0..20)) {
        let body: Vec<String> = pairs.iter().map(|(name, text)| {
            let encoded = |text: &str| -> String {
                form_urlencoded::byte_serialize(text.replace('\n', "\r\n").as_bytes()).collect()
            };
            format!("{}={}", encoded(name), encoded(text))
        }).collect();
        let body = body.join("&");
        let form = Form::read(URLENCODED, body.as_bytes(), &Limits::default()).unwrap();
        let read: Vec<_> =
            form.texts.iter().map(|(name, text)| (name.replace("\r\n", "\n"), text.to_string())).collect();
        prop_assert_eq!(read, pairs);
    }

    #[test]
    fn a_form_that_is_cut_off_is_an_error(
        inputs in prop::collection::vec(some_input(), 0..5),
        at in any::<prop::sample::Index>(),
    ) {
        let body = sent(&inputs);
        // The last line break may be missing.
        let cut = &body[..at.index(body.len() - b"\r\n".len())];
        prop_assert_eq!(multipart(cut, &Limits::default()).unwrap_err(), FormError::CutOff);
    }

    #[test]
    fn no_bytes_are_too_strange(body in some_body()) {
        for content_type in [URLENCODED, b"multipart/form-data; boundary=B"] {
            if let Ok(form) = Form::read(content_type, &body, &FEW) {
                prop_assert!(form.texts.len() <= FEW.fields && form.files.len() <= FEW.files);
            }
        }
        let _ = Form::read(&body, &body, &FEW);
    }
}
