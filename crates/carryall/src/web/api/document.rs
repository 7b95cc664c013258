//! The document of the API: made from the handlers, so that it names what is there and nothing else.

use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder};
use utoipa::{OpenApi as _, ToSchema as _};

use super::problem::{MEDIA_TYPE, ProblemBody};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Export of personal data",
        description = "What a signed-in person does under Settings > Data Protection, for programs: ask for an \
            export of everything that is held on them, watch it, download it, stop it, delete it, and see what \
            happened with their data.\n\nThe credential is the session's cookie, from our own pages only, or the \
            host product's own token. Asking for an export and downloading one need a proof of who the person is \
            that is not older than ten minutes; without it the answer is 401 with the reason `confirm_first`.\n\n\
            Whatever is refused is told as a problem (RFC 9457), with a `reason` for programs and `what_to_do`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemBody, super::problem::Reason))
)]
struct Head;

/// What any request can be refused with, beside what its operation says.
const REFUSALS: [(&str, &str); 9] = [
    (
        "401",
        "No credential, one that is not taken, or a proof that is too old: see `reason`",
    ),
    (
        "403",
        "The account is unknown, closed or disabled, or a page of another origin asks with a cookie",
    ),
    (
        "404",
        "There is no such thing, or it is somebody else's: the answer is the same",
    ),
    ("413", "The body is too long"),
    ("414", "The address is too long"),
    (
        "429",
        "Too often; when the next try is possible stands in `next_try_at` and Retry-After",
    ),
    ("431", "The headers are too long"),
    ("500", "Our fault"),
    ("503", "The data cannot be reached right now"),
];
/// What a request with a body can be refused with, too.
const REFUSALS_OF_A_BODY: [(&str, &str); 2] = [
    ("415", "The body is not JSON"),
    (
        "422",
        "The body is not as documented, or makes no sense: see `detail`",
    ),
];

/// The document before the routes are in it.
pub fn head(cookie: &str) -> OpenApi {
    let mut document = Head::openapi();
    let components = document.components.get_or_insert_default();
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
        cookie,
        "The session of a signed-in person",
    ));
    components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The host product's own token"))
        .build();
    components.add_security_scheme("token", SecurityScheme::Http(token));
    let either =
        ["session", "token"].map(|name| SecurityRequirement::new::<_, [&str; 0], &str>(name, []));
    document.security = Some(either.to_vec());
    document
}

/// The document as it is served.
pub fn finished(mut document: OpenApi) -> String {
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.delete];
        operations.into_iter().flatten().for_each(add_refusals);
    }
    document.to_json().unwrap_or_default()
}

fn add_refusals(operation: &mut Operation) {
    let of_a_body = operation
        .request_body
        .iter()
        .flat_map(|_| REFUSALS_OF_A_BODY);
    for (status, description) in REFUSALS.into_iter().chain(of_a_body) {
        let schema = Ref::from_schema_name(ProblemBody::name());
        let mut response = ResponseBuilder::new()
            .description(description)
            .content(MEDIA_TYPE, Content::new(Some(schema)));
        if status == "429" {
            let seconds = HeaderBuilder::new().description(Some("Seconds")).build();
            response = response.header("Retry-After", seconds);
        }
        let known = &mut operation.responses.responses;
        known
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::T(response.build()));
    }
}
