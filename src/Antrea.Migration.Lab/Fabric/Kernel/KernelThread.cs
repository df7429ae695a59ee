using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>Acts inside another network namespace, on a thread that is moved there and ends there.</summary>
/// <remarks>A socket belongs for ever to the namespace in which socket(2) was called, so only that call has to be inside. Nothing else that
/// could start a thread may run there: the runtime's socket engine, were it started on a moved thread, would keep the namespace.</remarks>
internal static class KernelThread
{
    private const int CloneNewNet = 0x40000000;
    private const int AddressFamilyInet = 2;
    private const int AddressFamilyInet6 = 10;
    private const int StreamSocket = 1;
    private const int DatagramSocket = 2;
    private const int CloseOnExec = 0x80000;
    private const int StackSize = 256 * 1024;

    /// <summary>Runs something short and synchronous inside: no sockets, no tasks, no logging.</summary>
    /// <exception cref="IOException">The thread cannot be moved; needs CAP_SYS_ADMIN.</exception>
    public static void Run(SafeFileHandle target, Action action)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    if (SetNamespace(target, CloneNewNet) != 0)
                    {
                        throw new IOException($"setns: {Marshal.GetLastPInvokeErrorMessage()}");
                    }

                    action();
                }
                catch (Exception e)
                {
                    failure = ExceptionDispatchInfo.Capture(e);
                }
            },
            StackSize)
        {
            IsBackground = true,
        };
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    /// <summary>Makes a socket of one family inside; everything else about it may be done on any thread.</summary>
    /// <exception cref="IOException">The thread cannot be moved, or no socket can be had.</exception>
    public static Socket OpenSocket(SafeFileHandle target, ProtocolType protocol, AddressFamily family = AddressFamily.InterNetwork)
    {
        var isIPv6 = family == AddressFamily.InterNetworkV6;
        var descriptor = -1;
        Run(target, () =>
        {
            descriptor = NewSocket(isIPv6 ? AddressFamilyInet6 : AddressFamilyInet, (protocol == ProtocolType.Tcp ? StreamSocket : DatagramSocket) | CloseOnExec, 0);
            if (descriptor < 0)
            {
                throw new IOException($"socket: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        });
        var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
        if (isIPv6)
        {
            socket.DualMode = false;
        }

        return socket;
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static extern int SetNamespace(SafeFileHandle descriptor, int type);

    [DllImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static extern int NewSocket(int domain, int type, int protocol);
}
