{{/*
What the API server does with its environment when it starts: each CLEARML__A__b=value becomes "a.b: value", read as
HOCON. A value that is none stops it here as it stops the real one. What was understood is written, one "path = value"
a line, to /config in the served folder, so that a test sees what quoting made of it:

- an unquoted value ends at a '#', silently, and any of + = $ * ^ & ! @ , ? ` \ " { } [ ] in it is an error;
- digits make a number (0123 is 123), true and false a boolean, and the path is in lower case;
- a quoted value is as written; a list holds quoted or unquoted values.
*/}}
{{- define "clearml.readConfig" -}}
mkdir -p /tmp/www
awk -v out=/tmp/www/config '
function fail(what) { print "pyhocon.exceptions: " name ": " what >"/dev/stderr"; bad = 1 }
function trim(s) { gsub(/^[ \t\n]+|[ \t\n]+$/, "", s); return s }
# The length of the quoted string that s begins with; 0 if it does not end.
function quoted(s,   i, c) {
    for (i = 2; i <= length(s); i++) {
        c = substr(s, i, 1)
        if (c == "\\") i++
        else if (c == "\"") return i
    }
    return 0
}
# A scalar that is not quoted, as it is understood.
function plain(s,   cut) {
    cut = index(s, "#")
    if (cut) s = trim(substr(s, 1, cut - 1))
    if (match(s, /[]+=$*^&!@,?`\\"{}[]/))
        fail("Expected end of text, found \047" substr(s, RSTART, 1) "\047 (at char " RSTART - 1 ")")
    # A leading zero would make this awk count in eights.
    if (s ~ /^-?[0-9]+$/) { sub(/^-?0+/, substr(s, 1, 1) == "-" ? "-" : "", s); return s ~ /[0-9]/ ? s : "0" }
    if (s ~ /^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$/) return s + 0 ""
    return s
}
function scalar(s,   n) {
    if (substr(s, 1, 1) != "\"") return plain(s)
    n = quoted(s)
    if (!n) { fail("the quoted string does not end"); return s }
    if (trim(substr(s, n + 1)) != "") fail("Expected end of text after the quoted string")
    return substr(s, 1, n)
}
function list(s,   n, item, items, inner, rest) {
    if (substr(s, length(s), 1) != "]") { fail("the list does not end"); return s }
    rest = trim(substr(s, 2, length(s) - 2))
    while (rest != "") {
        n = substr(rest, 1, 1) == "\"" ? quoted(rest) : match(rest, /[,\n]/) ? RSTART - 1 : length(rest)
        if (!n) { fail("a string in the list does not end"); return s }
        item = scalar(trim(substr(rest, 1, n)))
        items = items (items == "" ? "" : ", ") item
        rest = trim(substr(rest, n + 1))
        if (rest != "" && substr(rest, 1, 1) != ",") { fail("Expected , in the list"); return s }
        rest = trim(substr(rest, 2))
    }
    return "[" items "]"
}
BEGIN {
    for (name in ENVIRON) {
        if (name !~ /^CLEARML__/) continue
        path = tolower(substr(name, 10)); gsub(/__/, ".", path)
        value = trim(ENVIRON[name]); first = substr(value, 1, 1)
        if (first == "[") read = list(value)
        else if (first == "{") fail("Expected end of text, found \047{\047 (at char 0)")
        else read = scalar(value)
        print path " = " read >out
    }
    close(out)
    exit bad
}' || { echo "the configuration in the environment cannot be read" >&2; exit 1; }
sort -o /tmp/www/config /tmp/www/config
{{- end -}}
