#include "benchmarks/http/nginx.hpp"

#include <fstream>

#include <unistd.h>

namespace strowger::bench {

Process start_nginx(const std::filesystem::path& folder, std::uint16_t port, unsigned workers) {
  const auto config = folder / "nginx.conf";
  std::ofstream(config) << "daemon off;\n"
                        << (::geteuid() == 0 ? "user root;\n" : "") << "worker_processes " << workers << ";\npid "
                        << (folder / "nginx.pid").string() << ";\nerror_log " << (folder / "error.log").string()
                        << " crit;\nevents { worker_connections 4096; multi_accept on; use epoll; }\n"
                           "http {\n  access_log off;\n  sendfile on;\n  tcp_nopush on;\n  tcp_nodelay on;\n"
                           "  keepalive_timeout 75s;\n  keepalive_requests 1000000000;\n"
                           "  open_file_cache max=20000 inactive=600s;\n  open_file_cache_valid 600s;\n"
                           "  open_file_cache_min_uses 1;\n  default_type text/plain;\n"
                           "  client_body_temp_path "
                        << (folder / "t1").string() << ";\n  proxy_temp_path " << (folder / "t2").string()
                        << ";\n  fastcgi_temp_path " << (folder / "t3").string() << ";\n  uwsgi_temp_path "
                        << (folder / "t4").string() << ";\n  scgi_temp_path " << (folder / "t5").string()
                        << ";\n  server { listen 127.0.0.1:" << port << " reuseport backlog=4096; root "
                        << (folder / "files").string() << "; }\n}\n";
  Process nginx({"nginx", "-c", config.string(), "-p", folder.string(), "-e", (folder / "error.log").string()});
  wait_for_port(port);
  return nginx;
}

}  // namespace strowger::bench
