# cmake -DROOT=… -DFILES=a|b -DOUT=files.cpp -DHEADER=templates/files.hpp -DNAMESPACE=… -P embed.cmake: writes the table
# that the header promises: `std::span<const File> files()`, File being {path, content}.
string(REPLACE "|" ";" files "${FILES}")
set(out "// Made when the program was built.\n#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\nnamespace {\n\nconstexpr File table[] = {\n")
foreach(file IN LISTS files)
  file(READ "${ROOT}/${file}" content)
  string(APPEND out "    {\"${file}\", R\"embedded(${content})embedded\"},\n")
endforeach()
string(APPEND out "};\n\n}  // namespace\n\nstd::span<const File> files() {\n  return table;\n}\n\n}  // namespace ${NAMESPACE}\n")
file(WRITE "${OUT}" "${out}")
