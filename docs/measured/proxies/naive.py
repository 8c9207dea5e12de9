"""asyncio: copies both ways, and closes the other side when one has ended."""
import asyncio

async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()

async def serve(reader, writer):
    try:
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", 9000)
    except OSError as error:
        print(error, flush=True)
        writer.close()
        return
    await asyncio.gather(copy(reader, other_writer), copy(other_reader, writer))

async def main():
    server = await asyncio.start_server(serve, "0.0.0.0", 8080)
    await server.serve_forever()

asyncio.run(main())
