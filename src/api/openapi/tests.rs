use std::collections::BTreeSet;

use super::*;

fn page() -> String {
    page::html(&document())
}

/// Every quoted text in `source` that follows `before`.
fn quoted<'a>(source: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    source.split(before).skip(1).filter_map(|rest| rest.split('"').next())
}

#[test]
fn the_page_tells_every_operation_and_every_schema() {
    // The templates' escaping is a careful one.
    let (page, document) = (page().replace("&#x2f;", "/"), document());

    for operation in operations() {
        let id = operation.id();
        assert_eq!(page.matches(&format!("<div id=\"{id}\">")).count(), 1, "{id}");
        assert!(page.contains(&format!("<code>{}</code>", operation.path)), "{id}");
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("<div id=\"schema-{name}\">")), "{name}");
    }
    for code in ["invalid_code", "reauthentication_required", "resend_too_soon"] {
        assert!(page.contains(&format!("<li><code>{code}</code>: ")), "{code}");
    }
    assert!(page.contains("<code>rememberDevice</code>") && page.contains("list of Provider"));
}

#[test]
fn what_the_page_links_to_is_on_it_once() {
    let page = page();
    let ids: Vec<_> = quoted(&page, " id=\"").collect();
    let unique: BTreeSet<_> = ids.iter().collect();

    assert_eq!(ids.len(), unique.len());
    for id in [" for=\"", " href=\"#", " aria-labelledby=\"", " aria-describedby=\""]
        .iter()
        .flat_map(|name| quoted(&page, name))
    {
        assert!(unique.contains(&id), "{id}");
    }
}

#[test]
fn the_page_has_no_script_or_style_of_its_own() {
    let page = page();

    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains("javascript:"));
    assert_eq!(
        page.matches("<script").count(),
        page.matches("<script type=\"module\" src=\"/assets/").count()
    );
    assert!(quoted(&page, "=\"http").next().is_none(), "nothing is loaded from elsewhere");
}

#[test]
fn texts_are_no_markup() {
    let mut document = document();
    document["info"]["description"] = "<b>bold</b> `<i>`".into();

    let page = page::html(&document);

    assert!(page.contains("&lt;b&gt;bold&lt;&#x2f;b&gt; <code>&lt;i&gt;</code>"), "{}", &page[..4_000]);
}

#[test]
fn the_document_is_made_once() {
    let docs = Docs::default();

    assert!(std::ptr::eq(docs.made(), docs.clone().made()));
}
