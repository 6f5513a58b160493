# cmake -DROOT=… -DFILES=a|b -DOUT=files.cpp -P embed.cmake: writes the table that files.hpp promises.
string(REPLACE "|" ";" files "${FILES}")
set(out "// Made from templates/ when the program was built.\n#include \"templates/files.hpp\"\n\nnamespace strowger::templates {\nnamespace {\n\nconstexpr File table[] = {\n")
foreach(file IN LISTS files)
  file(READ "${ROOT}/${file}" content)
  string(APPEND out "    {\"${file}\", R\"embedded(${content})embedded\"},\n")
endforeach()
string(APPEND out "};\n\n}  // namespace\n\nstd::span<const File> files() {\n  return table;\n}\n\n}  // namespace strowger::templates\n")
file(WRITE "${OUT}" "${out}")
