using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.StandIns.Calico;

/// <summary>The lab's address management on a real API server, where others write at the same moment.</summary>
/// <remarks>Within a Node one process at a time goes through, by a lock on the file that Calico's own plugin locks.</remarks>
internal static class CalicoAddresses
{
    private const string LockFile = "/var/run/calico/ipam.lock";
    private const int MostAttempts = 50;

    public static IPAddress Assign(IObjectStore objects, string node, string handle, JsonObject attributes, string use)
    {
        using var mine = Lock();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return new CalicoIpamPlugin(objects).Assign(node, handle, attributes, use);
            }
            catch (StoreConflictException) when (attempt < MostAttempts)
            {
                // Another Node claimed that block: look again which ones are free. A CNI plugin is a process with one thread, so it may
                // sleep; for a random while, or the same two would meet again.
                Thread.Sleep(Random.Shared.Next(20, 100));
            }
        }
    }

    public static void Release(IObjectStore objects, string handle)
    {
        using var mine = Lock();
        new CalicoIpamPlugin(objects).Release(handle);
    }

    private static FileStream Lock()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(LockFile)!);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e)
            {
                if (attempt == 600)
                {
                    throw new StandInException($"{LockFile} was not free within a minute", e);
                }

                // A file lock cannot be waited for across processes but by asking again.
                Thread.Sleep(100);
            }
        }
    }
}
