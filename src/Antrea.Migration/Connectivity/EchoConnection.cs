using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Antrea.Migration.Connectivity;

/// <summary>A stream whose other side sends back what it gets. Frames are told apart by a number, and a connection's frames
/// from another's by random bytes.</summary>
/// <remarks>Writes are for one caller at a time; the connection reads by itself.</remarks>
internal sealed class EchoConnection : IAsyncDisposable
{
    public const int FrameLength = 16;

    private readonly Stream _stream;
    private readonly int _mostWaiting;
    private readonly byte[] _frame = new byte[FrameLength];
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private readonly Lock _lock = new();
    private readonly Task _reading;
    private Exception? _fault;
    private long _written;

    public EchoConnection(Stream stream, int mostWaiting)
    {
        _stream = stream;
        _mostWaiting = mostWaiting;
        RandomNumberGenerator.Fill(_frame.AsSpan(0, 8));
        _reading = ReadAsync([.. _frame]);
    }

    public bool IsBroken => Volatile.Read(ref _fault) is not null;

    /// <summary>Sends a frame.</summary>
    /// <returns>Ends when it has come back, or with what broke the connection.</returns>
    public async Task<Task> WriteAsync(CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool isTooMany;
        lock (_lock)
        {
            if (_fault is null)
            {
                _waiting.Enqueue(answer);
            }
            else
            {
                answer.SetException(_fault);
            }

            isTooMany = _waiting.Count > _mostWaiting;
        }

        if (isTooMany)
        {
            Break(new IOException($"{_mostWaiting} requests wait for their bytes; the connection is given up."));
        }

        if (!IsBroken)
        {
            BinaryPrimitives.WriteInt64BigEndian(_frame.AsSpan(8), _written++);
            try
            {
                await _stream.WriteAsync(_frame, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                // Half a frame may be on its way: nobody can go on after it.
                Break(exception);
                throw;
            }
        }

        return answer.Task;
    }

    public async ValueTask DisposeAsync()
    {
        Break(new ObjectDisposedException(nameof(TcpStreamProbeTransport)));
        await _reading.ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
    }

    private async Task ReadAsync(byte[] expected)
    {
        var received = new byte[FrameLength];
        try
        {
            for (long number = 0; ; number++)
            {
                var read = await _stream.ReadAtLeastAsync(received, FrameLength, throwOnEndOfStream: false).ConfigureAwait(false);
                BinaryPrimitives.WriteInt64BigEndian(expected.AsSpan(8), number);
                if (read < FrameLength)
                {
                    throw new SocketException((int)SocketError.ConnectionReset, "The other side closed the connection.");
                }

                if (!received.AsSpan().SequenceEqual(expected))
                {
                    throw new InvalidDataException("Other bytes came back than were sent: this is no echo server.");
                }

                TaskCompletionSource? answered;
                lock (_lock)
                {
                    _waiting.TryDequeue(out answered);
                }

                answered?.TrySetResult();
            }
        }
        catch (Exception exception)
        {
            Break(exception);
        }
    }

    private void Break(Exception fault)
    {
        TaskCompletionSource[] lost;
        lock (_lock)
        {
            _fault ??= fault;
            lost = [.. _waiting];
            _waiting.Clear();
        }

        foreach (var answer in lost)
        {
            answer.TrySetException(fault);

            // Whoever gave the request up earlier looks at it no more.
            _ = answer.Task.Exception;
        }

        // Ends the reading, which has no token: it belongs to no request.
        _stream.Close();
    }
}
