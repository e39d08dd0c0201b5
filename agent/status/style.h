#pragma once

#include <string_view>

namespace basewatch::status {

// The page's style sheet. Light and dark follow the reader's system; states differ in sign and word
// as well as in colour.
inline constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--text:#1b2130;--dim:#5a6478;--line:#dde1e8;--link:#1a56c4;--fine:#12703d;--fine-bg:#e3f5ea;--warn:#8a5200;--warn-bg:#fdf0d8;--bad:#b3231d;--bad-bg:#fdeae8;--wait:#44506a;--wait-bg:#e8ebf1;--bar:#6d8fd0;--code:#f0f2f6}
@media(prefers-color-scheme:dark){:root{--bg:#12151c;--card:#1b2029;--text:#e6e9ef;--dim:#a0a9ba;--line:#2f3644;--link:#8ab4ff;--fine:#6fd59a;--fine-bg:#15301f;--warn:#f2bd62;--warn-bg:#36290f;--bad:#ff9088;--bad-bg:#3c1a19;--wait:#b4bed2;--wait-bg:#252b38;--bar:#6487cc;--code:#11151c}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;-webkit-text-size-adjust:100%;overflow-wrap:anywhere}
main,.top{max-width:68rem;margin:0 auto;padding:0 1rem}
a{color:var(--link)}
h1,h2,h3,p,dl,dd,ul,figure{margin:0}
h1{font-size:1.6rem;line-height:1.25}
h2{font-size:1.15rem;margin:2rem 0 .75rem}
h3{font-size:1rem}
code,pre,.reason{font:.9em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
pre{margin:.6rem 0 0;padding:.6rem .8rem;background:var(--code);border:1px solid var(--line);border-radius:6px;overflow-x:auto;overflow-wrap:normal}
.dim{color:var(--dim)}
.top{display:flex;flex-wrap:wrap;gap:.25rem 1rem;justify-content:space-between;align-items:baseline;padding-top:.9rem;padding-bottom:.9rem}
.top b{font-size:1.05rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem;margin:0 0 .75rem}
.verdict{border-left-width:8px;padding:1.1rem 1.2rem}
.verdict p{margin-top:.35rem;color:var(--dim)}
.fine{--tone:var(--fine);--tone-bg:var(--fine-bg)}.degraded{--tone:var(--warn);--tone-bg:var(--warn-bg)}.broken{--tone:var(--bad);--tone-bg:var(--bad-bg)}.waiting{--tone:var(--wait);--tone-bg:var(--wait-bg)}
.verdict,.problem{border-color:var(--tone)}
.verdict{background:var(--tone-bg)}
.verdict h1{color:var(--tone)}
.problem{border-left-width:5px}
.problem p{margin-top:.4rem}
.reason{white-space:pre-wrap}
.tag{display:inline-block;padding:.05rem .55rem;border-radius:1rem;background:var(--tone-bg);color:var(--tone);font-weight:600;font-size:.85rem;white-space:nowrap}
.head{display:flex;flex-wrap:wrap;gap:.3rem .8rem;align-items:center;justify-content:space-between}
.meta{margin-top:.25rem;font-size:.9rem;color:var(--dim)}
.charts{display:grid;grid-template-columns:1fr 1fr;gap:1rem;margin-top:.8rem}
figcaption{display:flex;justify-content:space-between;gap:.5rem;font-size:.8rem;color:var(--dim);margin-top:.2rem}
.chart{display:block;width:100%;height:3.2rem}
.chart.small{height:1.9rem}
.hour{width:38%;padding-left:1.5rem}
figcaption span+span{white-space:nowrap}
.axis{stroke:var(--line);stroke-width:1;fill:none;vector-effect:non-scaling-stroke}
.bar{fill:var(--bar)}.bad{fill:var(--bad)}
.line{fill:none;stroke:var(--bar);stroke-width:2;vector-effect:non-scaling-stroke}
details{margin-top:.8rem}
summary{cursor:pointer;color:var(--link);padding:.25rem 0}
table{width:100%;border-collapse:collapse;margin-top:.4rem;font-size:.92rem}
th,td{text-align:left;padding:.4rem .6rem .4rem 0;border-top:1px solid var(--line);vertical-align:top}
thead th{color:var(--dim);font-weight:600;font-size:.8rem;border-top:0}
.num{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.more td{border-top:0;padding-top:0}
.note{margin-top:.7rem;padding:.55rem .8rem;border:1px solid var(--line);border-left:4px solid var(--wait);border-radius:6px}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.2rem}
dt{color:var(--dim)}
.links{padding-left:1.2rem}
footer{margin:2rem 0 3rem;color:var(--dim);font-size:.85rem}
@media(max-width:40rem){h1{font-size:1.3rem}.charts{grid-template-columns:1fr}.facts{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}tr{display:grid;grid-template-columns:1fr auto auto;gap:0 .8rem;border-top:1px solid var(--line);padding:.45rem 0}th,td{border:0;padding:0}.wide{grid-column:1/-1}.series{grid-column:1;text-align:left;color:var(--dim)}.series::after{content:" series"}.hour{grid-column:2/-1;width:9.5rem;padding:0}tr.more{border:0;padding-top:0}}
)css";

}  // namespace basewatch::status
