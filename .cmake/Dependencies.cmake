# Everything comes from Debian's packages. Each dependency is an imported target, so that a component names what it uses.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url context)
find_package(OpenSSL REQUIRED)
find_package(RocksDB REQUIRED CONFIG)
find_package(yaml-cpp REQUIRED CONFIG)
find_package(spdlog REQUIRED CONFIG)
find_package(prometheus-cpp REQUIRED CONFIG)
find_package(simdjson REQUIRED CONFIG)
find_package(CAF REQUIRED)
find_package(EXPAT REQUIRED)

pkg_check_modules(Icu REQUIRED IMPORTED_TARGET icu-uc)
pkg_check_modules(Ldap REQUIRED IMPORTED_TARGET ldap lber)
pkg_check_modules(SofiaSip REQUIRED IMPORTED_TARGET sofia-sip-ua)
pkg_check_modules(TcMalloc REQUIRED IMPORTED_TARGET libtcmalloc_minimal)
pkg_check_modules(Re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(RdKafka REQUIRED IMPORTED_TARGET rdkafka)
pkg_check_modules(Sodium REQUIRED IMPORTED_TARGET libsodium)

# For programs that serve. Events are made on one thread and freed on another, which costs glibc's allocator a fifth of a
# recorded fetch. The sanitizers bring their own.
add_library(strowger_allocator INTERFACE)
if(NOT STROWGER_SANITIZE)
  target_link_libraries(strowger_allocator INTERFACE PkgConfig::TcMalloc)
endif()
