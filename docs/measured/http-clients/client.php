<?php
// Two requests, one after the other, by one handle of PHP's curl: client.php GET http://server:8080/
[, $method, $url] = $argv;
$handle = curl_init();
curl_setopt($handle, CURLOPT_RETURNTRANSFER, true);
foreach (["1", "2"] as $name) {
    curl_setopt($handle, CURLOPT_URL, $url . $name);
    if ($method === "POST") {
        curl_setopt($handle, CURLOPT_POSTFIELDS, "x=1");
    }
    $text = curl_exec($handle);
    if ($text === false) {
        fwrite(STDERR, curl_error($handle) . "\n");
        exit(1);
    }
    echo curl_getinfo($handle, CURLINFO_RESPONSE_CODE), " ", $text, "\n";
}
