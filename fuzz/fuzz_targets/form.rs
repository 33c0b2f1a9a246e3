//! Forms as anybody may send them: within the limits, files where the body is, and a form that ends early is none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tracker_cgi::site::form::{Form, Limits};

const MULTIPART: &[u8] = b"multipart/form-data; boundary=B";
const LIMITS: Limits = Limits { fields: 5, files: 3, name: 20, text: 50, texts: 100, headers: 200 };

fuzz_target!(|body: &[u8]| {
    for content_type in [MULTIPART, b"application/x-www-form-urlencoded", body] {
        let Ok(form) = Form::read(content_type, body, &LIMITS) else { continue };
        assert!(
            form.files("f").count() <= LIMITS.files && form.texts("a").count() <= LIMITS.fields
        );
        assert!(form.text("a").len() <= LIMITS.text);
        let body = body.as_ptr_range();
        for file in form.files("f") {
            let content = file.content.as_ptr_range();
            assert!(body.start <= content.start && content.end <= body.end);
            assert!(!file.name.contains(['/', '\\']));
        }
    }
    let closing = b"--B--";
    let parts = body.windows(closing.len()).position(|bytes| bytes == closing);
    if let Some(end) = parts {
        assert!(Form::read(MULTIPART, &body[..end], &LIMITS).is_err());
    }
});
