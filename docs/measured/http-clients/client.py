"""Two requests, one after the other, on a connection that is kept: client.py LIBRARY GET http://server:8080/"""
import sys

library, method, url = sys.argv[1:]
body = b"x=1" if method == "POST" else None

def http_client():
    import http.client
    import urllib.parse
    at = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(at.hostname, at.port)
    for name in "12":
        connection.request(method, at.path + name, body)
        response = connection.getresponse()
        yield response.status, response.read()

def requests():
    import requests
    with requests.Session() as session:
        for name in "12":
            response = session.request(method, url + name, data=body)
            yield response.status_code, response.content

def urllib3():
    import urllib3
    pool = urllib3.PoolManager()
    for name in "12":
        response = pool.request(method, url + name, body=body)
        yield response.status, response.data

def httpx():
    import httpx
    with httpx.Client() as client:
        for name in "12":
            response = client.request(method, url + name, content=body)
            yield response.status_code, response.content

def aiohttp():
    import asyncio
    import aiohttp

    async def both():
        async with aiohttp.ClientSession() as session:
            for name in "12":
                async with session.request(method, url + name, data=body) as response:
                    print(response.status, (await response.read()).decode(), flush=True)

    asyncio.run(both())
    return ()

try:
    for status, content in globals()[library]():
        print(status, content.decode(), flush=True)
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
