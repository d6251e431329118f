# Follows a stream: ruby follow.rb http://127.0.0.1:8701/pipelines/p_hello/sse
#
# Ruby's standard library is enough. After a disconnect it goes on behind the last event that it saw.
require "json"
require "net/http"
require "openssl"

address = URI(ARGV.fetch(0))
cursor = nil
pause = 1.0 # seconds, as the service wishes

loop do
  begin
    request = Net::HTTP::Get.new(address)
    request["Last-Event-ID"] = cursor if cursor
    Net::HTTP.start(address.host, address.port, use_ssl: address.scheme == "https", read_timeout: 45) do |http|
      http.request(request) do |response|
        # Trying again does not mend these; anything else that is no stream passes by itself.
        abort "Refused (#{response.code}): #{response.read_body}" if response.is_a?(Net::HTTPClientError)
        next unless response.is_a?(Net::HTTPOK)

        rest = "".b
        fields = {}
        response.read_body do |part|
          rest << part
          while (line = rest.slice!(/\A[^\n]*\n/))
            name, value = line.force_encoding("UTF-8").chomp("\n").split(/: ?/, 2)
            if name == "retry" # also where nothing follows: there is no room at the moment
              pause = value.to_i / 1000.0
            elsif name # a field, or a comment, whose name is empty
              fields[name] = value
            elsif fields.key?("data") # an empty line ends an event
              cursor = fields["id"] || cursor
              event = fields["event"].to_s
              puts "#{event} #{JSON.parse(fields["data"])}" unless event.start_with?("$")
              $stdout.flush
              fields = {}
            end
          end
        end
      end
    end
  rescue SystemCallError, SocketError, IOError, Timeout::Error, OpenSSL::SSL::SSLError => error
    warn "Disconnected (#{error.message}); trying again."
  end
  sleep pause
end
