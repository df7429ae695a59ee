using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Connectivity.Load;

/// <summary>One worker: a connection that never blocks, and the request on it.</summary>
/// <remarks>Times are since the start of the run. For one thread.</remarks>
internal sealed class ClosedLoopWorker(ClosedLoopOptions options, IPEndPoint[] servers, byte[] request)
{
    private readonly HttpResponseReader _response = new();
    private ClosedLoopSocket? _socket;
    private ProbeStage _stage;
    private int _sent;
    private int _server;

    /// <summary>When the request was begun.</summary>
    public TimeSpan Started { get; private set; }

    /// <summary>Whether a request is under way.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>When the next one may begin: not at once after no connection was made, so that a closed port is not hammered.</summary>
    public TimeSpan RestsUntil { get; private set; }

    /// <summary>What to wait for.</summary>
    public Socket? Socket => _socket;

    /// <summary>Whether to wait until bytes can be written, or else until some can be read.</summary>
    public bool WantsToWrite => _sent < request.Length;

    /// <summary>Begins a request.</summary>
    /// <returns>What it came to, if it has already ended.</returns>
    public ProbeOutcome? Begin(TimeSpan now)
    {
        Started = now;
        IsBusy = true;
        _sent = 0;
        _response.Begin();
        if (_socket is not null)
        {
            return Write(now);
        }

        _stage = ProbeStage.Connecting;
        var server = servers[_server];
        try
        {
            _socket = new ClosedLoopSocket(server.AddressFamily, this);
            _socket.Connect(server);
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // Under way: it has been made, or has failed, when the socket can be written to.
            return null;
        }
        catch (SocketException exception)
        {
            return Fail(now, ProbeJudge.Judge(exception, options.Timeout));
        }

        return Write(now);
    }

    /// <summary>Writes what is left of the request.</summary>
    public ProbeOutcome? Write(TimeSpan now)
    {
        while (WantsToWrite)
        {
            var count = _socket!.Send(request.AsSpan(_sent), SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
            {
                return null;
            }

            if (error != SocketError.Success)
            {
                return Fail(now, ProbeJudge.Judge(new SocketException((int)error), options.Timeout));
            }

            _stage = ProbeStage.Connected;
            _sent += count;
        }

        return null;
    }

    /// <summary>Reads what has come.</summary>
    public ProbeOutcome? Read(TimeSpan now)
    {
        while (true)
        {
            var free = _response.Free;
            var count = _socket!.Receive(free, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock)
            {
                return null;
            }

            if (error != SocketError.Success)
            {
                return Fail(now, ProbeJudge.Judge(new SocketException((int)error), options.Timeout));
            }

            switch (count == 0 ? _response.Closed() : _response.Received(count))
            {
                case HttpReading.Complete:
                    return Complete();
                case HttpReading.Broken when count == 0:
                    return Fail(now, new ProbeOutcome(
                        ProbeFailureCause.Reset,
                        _response.HasBegun ? "The connection was closed within the response." : "The connection was closed without an answer."));
                case HttpReading.Broken:
                    return Fail(now, new ProbeOutcome(ProbeFailureCause.Other, _response.Fault));
                case HttpReading.Goes when count < free.Length:
                    return null;
            }
        }
    }

    /// <summary>Ends the request when its time is up, or when nobody waits any longer.</summary>
    public ProbeOutcome? CheckTime(TimeSpan now, bool waitsNoLonger) =>
        !IsBusy ? null
        : now - Started > options.Timeout ? Fail(now, ProbeJudge.JudgeTimeout(_stage, options.Timeout))
        : waitsNoLonger ? Fail(now, ProbeJudge.JudgeStopped(_stage))
        : null;

    public void Close()
    {
        _socket?.Dispose();
        _socket = null;
        IsBusy = false;
    }

    private ProbeOutcome Complete()
    {
        IsBusy = false;
        if (!options.ReuseConnections || !_response.KeepsAlive)
        {
            Close();
        }

        return ProbeJudge.JudgeStatus(_response.StatusCode);
    }

    private ProbeOutcome Fail(TimeSpan now, ProbeOutcome outcome)
    {
        if (_stage == ProbeStage.Connecting)
        {
            RestsUntil = now + ClosedLoop.Rest;
            _server = (_server + 1) % servers.Length;
        }

        Close();
        return outcome;
    }
}

/// <summary>A socket that knows whose it is.</summary>
internal sealed class ClosedLoopSocket : Socket
{
    public ClosedLoopSocket(AddressFamily family, ClosedLoopWorker worker)
        : base(family, SocketType.Stream, ProtocolType.Tcp)
    {
        Worker = worker;
        Blocking = false;
        NoDelay = true;
    }

    public ClosedLoopWorker Worker { get; }
}
