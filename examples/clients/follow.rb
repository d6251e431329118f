# Follows a stream: ruby follow.rb http://127.0.0.1:8701/pipelines/p_hello/sse
#
# Ruby's standard library is enough. After a disconnect it goes on behind the last event that it saw.
require "json"
require "net/http"

address = URI(ARGV.fetch(0))
cursor = nil

loop do
  request = Net::HTTP::Get.new(address)
  request["Last-Event-ID"] = cursor if cursor
  Net::HTTP.start(address.host, address.port, use_ssl: address.scheme == "https", read_timeout: 45) do |http|
    http.request(request) do |response|
      rest = +""
      response.read_body do |part|
        rest << part
        while (frame = rest.slice!(/\A.*?\n\n/m))
          fields = frame.lines(chomp: true).filter_map { |line| line.split(": ", 2) unless line.start_with?(":") }.to_h
          cursor = fields["id"] || cursor
          next if fields["event"].nil? || fields["event"].start_with?("$")
          puts "#{fields["event"]} #{JSON.parse(fields["data"])}"
          $stdout.flush
        end
      end
    end
  end
rescue SystemCallError, IOError, Timeout::Error => error
  warn "Disconnected (#{error.message}); trying again."
ensure
  sleep 1
end
