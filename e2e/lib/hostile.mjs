// Texts that somebody wrote to do harm.

/** What would be noticed if it ran, or asked the server. */
export const payloads = (server) => [
  "<script>window.ran = 1</script>", `<img src="${server}/img" onerror="window.ran = 1">`, "<svg onload='window.ran = 1'></svg>",
  `<iframe src="javascript:parent.ran = 1"></iframe>`, `<link rel=stylesheet href="${server}/css">`, `<meta http-equiv=refresh content="0;url=${server}/meta">`,
  "\"><img src=x onerror=window.ran=1>", "'-window.ran=1-'", "{{constructor.constructor('window.ran=1')()}}", "</title></style></textarea><script>window.ran=1</script>",
  "[click](javascript:window.ran=1)", `![remote](${server}/markdown.png)`, `[![x](${server}/in-link.png)](javascript:window.ran=1)`,
  "<a href=javascript:window.ran=1>x</a>", "invoice\u202efdp.exe", "\u2066\u202e\u2069 \u0000 \u200b \ufeff", `<form action="${server}/form"><input name=x></form><script>document.forms[0].submit()</script>`,
  "[data](data:text/html,<script>opener.ran=1</script>)", "`</code><script>window.ran=1</script>`", "| <script>window.ran=1</script> |\n|---|\n| <img src=x onerror=window.ran=1> |",
];
