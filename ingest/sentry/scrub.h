// Scrubbed: a text without what tells a person or opens a door, for what is kept and shown of an error:
//   <email>, <ip>   addresses of people and machines
//   <n>             13 to 19 figures, as cards have them, also in groups of four (as TemplateOf says of any figures)
//   <secret>        what follows Bearer or Basic, and the value behind a name that says so ("password=...")
//   <query>         a URL's query and fragment; its user and password go without a word
// Careful rather than exact: what might be a secret is masked. Time in proportion to the text.
//
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace revertd {

std::string Scrubbed(std::string_view text);
// A URL, a path or a file's name without query, fragment and user-info, scrubbed.
std::string ScrubbedUrl(std::string_view url);
// Whether a name says that its value is a secret, or a person's.
bool NamesSecret(std::string_view name);
bool NamesPerson(std::string_view name);

}  // namespace revertd
