# Two requests, one after the other, by Net::HTTP.start: client.rb GET http://server:8080/
require "net/http"

method, url = ARGV
at = URI(url)
begin
  Net::HTTP.start(at.host, at.port) do |http|
    %w[1 2].each do |name|
      path = at.path + name
      response = method == "POST" ? http.post(path, "x=1") : http.get(path)
      puts "#{response.code} #{response.body}"
    end
  end
rescue StandardError => error
  abort "#{error.class}: #{error.message}"
end
