import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

/** Two requests, one after the other, by java.net.http.HttpClient: java Client GET http://server:8080/ */
public class Client {
    public static void main(String[] args) throws Exception {
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        var body = args[0].equals("POST") ? BodyPublishers.ofString("x=1") : BodyPublishers.noBody();
        for (String name : new String[] {"1", "2"}) {
            var builder = HttpRequest.newBuilder(URI.create(args[1] + name)).method(args[0], body);
            HttpRequest request = builder.expectContinue(args.length > 2).build();
            try {
                var response = client.send(request, BodyHandlers.ofString());
                System.out.println(response.statusCode() + " " + response.body());
            } catch (java.io.IOException error) {
                System.err.println(error);
                System.exit(1);
            }
        }
    }
}
