using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Antrea.Migration.StandIns.AntreaNode;

/// <summary>The HTTPS port that kubelets probe: 200 when ready, 500 before.</summary>
internal sealed class HealthEndpoint : IDisposable
{
    private readonly TcpListener _listener;
    private readonly X509Certificate2 _certificate = CreateCertificate();
    private volatile bool _isReady;

    public HealthEndpoint(IPAddress address, int port)
    {
        _listener = new TcpListener(address, port);
        _listener.Start();
        new Thread(Serve) { IsBackground = true }.Start();
    }

    public bool IsReady
    {
        get => _isReady;
        set => _isReady = value;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _certificate.Dispose();
    }

    private static X509Certificate2 CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=antrea", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(30));
    }

    private void Serve()
    {
        while (true)
        {
            try
            {
                var client = _listener.AcceptTcpClient();
                new Thread(() => Answer(client)) { IsBackground = true }.Start();
            }
            catch (Exception e) when (e is ObjectDisposedException or InvalidOperationException or SocketException { SocketErrorCode: SocketError.OperationAborted or SocketError.Interrupted })
            {
                return;
            }
        }
    }

    private void Answer(TcpClient client)
    {
        try
        {
            using (client)
            {
                client.ReceiveTimeout = client.SendTimeout = 5000;
                using var stream = new SslStream(client.GetStream());
                stream.AuthenticateAsServer(_certificate);
                using var reader = new StreamReader(stream, Encoding.ASCII);
                while (reader.ReadLine() is { Length: > 0 })
                {
                    // Every path is answered alike.
                }

                var (status, body) = _isReady ? ("200 OK", "ok") : ("500 Internal Server Error", "not ready");
                stream.Write(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"));
            }
        }
        catch (Exception e) when (e is IOException or SocketException or System.Security.Authentication.AuthenticationException)
        {
            // Whoever only wanted to know whether the port is open has gone.
        }
    }
}
