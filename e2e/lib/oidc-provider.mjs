// A provider of OpenID Connect in a process of its own: npm's oidc-provider, certified, with its own pages.
// node lib/oidc-provider.mjs PORT REDIRECT_URI SECRET. Whoever types an address there is that person.

import { Provider } from "oidc-provider";

const [port, redirect, secret] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "carryall", client_secret: secret, redirect_uris: [redirect] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  // The address stands in the token itself.
  conformIdTokenClaims: false,
  cookies: { keys: ["of a test"] },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: id, email_verified: true }) }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
